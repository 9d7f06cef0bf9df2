"""Writes a folder with a model file and a first model.yaml, as far as the file tells."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dropsight.adapters.artifacts.digests import artifact_digest
from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import KERAS_FILES, parse_manifest
from dropsight_inference.bundling.facts import Facts

HEADING = "A first model.yaml, made from {}; docs/bring-your-model.md says what each field means"
ENDINGS = (".onnx", *KERAS_FILES, ".pt", ".pth", ".pt2", ".ckpt")


@dataclass(frozen=True)
class Wishes:
    """What a user says beside the file."""

    labels: Sequence[str] | None = None
    size: tuple[int, int] | None = None
    """(width, height) of the input."""
    architecture: str | None = None


def write_bundle(file: Path, folder: Path, wishes: Wishes) -> list[str]:
    """Sentences on what was written and what to look at. Raises ManifestInvalid, OSError."""
    target = folder / "model.yaml"
    if target.exists():
        raise ManifestInvalid(f"{target}: is there already; name another folder by --to")
    facts = _facts(file, wishes)
    labels = list(wishes.labels or facts.labels or [f"label-{n}" for n in range(facts.count or 0)])
    if not labels:
        raise ManifestInvalid(
            f"{file}: does not say which labels it knows; name them in its order by --labels a,b,c"
        )
    folder.mkdir(parents=True, exist_ok=True)
    artifact = folder / f"model{file.suffix}"
    if not artifact.exists() or not artifact.samefile(file):
        shutil.copyfile(file, artifact)
    text = _text(facts, artifact, labels, folder.name)
    parse_manifest(text, str(target))
    target.write_text(text, encoding="utf-8")
    return [
        f"{target}: {facts.task} by {facts.runtime}, {len(labels)} labels",
        *(f"  look at it: {note}" for note in facts.notes),
        "  fill in licence, intendedUse, and the threshold of each label",
        f"next: dropsight models check {folder} PICTURE",
    ]


def _facts(file: Path, wishes: Wishes) -> Facts:
    if file.suffix == ".onnx":
        from dropsight_inference.bundling.onnx_facts import read_onnx  # noqa: PLC0415

        return read_onnx(file, wishes.size)
    if file.suffix in KERAS_FILES:
        from dropsight_inference.bundling.keras_facts import read_keras  # noqa: PLC0415

        return read_keras(file, wishes.size)
    if file.suffix in ENDINGS:
        from dropsight_inference.bundling.torch_facts import read_torch  # noqa: PLC0415

        return read_torch(file, wishes.size, wishes.architecture)
    raise ManifestInvalid(f"{file}: found {file.suffix!r}, legal endings are {', '.join(ENDINGS)}")


def _text(facts: Facts, artifact: Path, labels: Sequence[str], name: str) -> str:
    spec: dict[str, Any] = {
        "width": facts.width,
        "height": facts.height,
        "channels": facts.channels,
        "layout": facts.layout,
        **facts.input,
    }
    if facts.maximum_batch is not None:
        spec["maximumBatch"] = facts.maximum_batch
    about = {
        "path": artifact.name,
        "sha256": artifact_digest(artifact),
        **facts.artifact,
    }
    threshold = 0.5 if facts.task == "classification" else 0.25
    manifest: dict[str, Any] = {
        "schemaVersion": 1,
        "name": _slug(name),
        "version": "0.1.0",
        "task": facts.task,
        "runtime": facts.runtime,
        "artifact": about,
        "outputs": facts.outputs,
        "input": spec,
        "labels": [{"id": label, "threshold": threshold} for label in labels],
        "licence": "not stated yet",
        "intendedUse": "not stated yet",
    }
    notes = "".join(f"# {note}\n" for note in (HEADING.format(artifact.name), *facts.notes))
    # Inner mappings on one line each; a lone value would be put into braces of its own.
    fields = "".join(
        yaml.safe_dump(
            {field: value},
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None if isinstance(value, dict | list) else False,
            width=100,
        )
        for field, value in manifest.items()
        if value != {}
    )
    return notes + fields


def _slug(name: str) -> str:
    """Lower case, digits and hyphens."""
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") or "my-model"
