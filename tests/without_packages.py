"""A Python for child processes in which some packages cannot be imported."""

from __future__ import annotations

import os
from pathlib import Path


def environment_without(folder: Path, *packages: str) -> dict[str, str]:
    """The environment of a child that finds no `packages`, as if they had never been installed."""
    folder.mkdir(parents=True, exist_ok=True)
    # None in sys.modules makes `import` raise ModuleNotFoundError, and find_spec answer None.
    lines = "".join(f"sys.modules[{package!r}] = None\n" for package in packages)
    (folder / "sitecustomize.py").write_text(f"import sys\n{lines}")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path}
