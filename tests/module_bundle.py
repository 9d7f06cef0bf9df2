"""Bundles of task `module` around a few lines of Python."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path
from typing import Any

import yaml


def write_module_bundle(
    folder: Path, source: str, *, artifact: dict[str, Any] | None = None, **changes: Any
) -> Path:
    """`source` is a class `Mine`; `artifact` and `changes` add to model.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    content = textwrap.dedent(source).encode()
    (folder / "mine.py").write_bytes(content)
    manifest: dict[str, Any] = {
        "name": folder.name,
        "version": "1",
        "task": "module",
        "runtime": "module",
        "artifact": {
            "path": "mine.py",
            "sha256": hashlib.sha256(content).hexdigest(),
            "callable": "mine:Mine",
            **(artifact or {}),
        },
        "input": {"width": 8, "height": 8, "channels": 1},
        "labels": [{"id": "cat"}, {"id": "dog", "threshold": 0.8}],
        "licence": "Apache-2.0",
        "intendedUse": "Tests.",
        **changes,
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest))
    return folder
