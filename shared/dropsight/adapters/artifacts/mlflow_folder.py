"""Which file of an MLflow model holds the weights.

An MLflow model is a folder: `MLmodel` says by flavour where the weights are, and the other files
are MLflow's own (environments, examples, when it was registered). Those change without the weights,
so they are no part of the digest. https://mlflow.org/docs/latest/ml/model/
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dropsight.domain.errors import ManifestInvalid

MLMODEL = "MLmodel"
FLAVOURS = {
    "onnx": ("data",),
    "keras": ("data",),
    "tensorflow": ("data", "saved_model_dir"),
    "pytorch": ("model_data",),
}
"""By flavour, the entries of MLmodel that may say where the weights are, within the folder."""
WEIGHTS = "model"
"""Where such an entry is a folder, the weights in it are `model`, or `model.` and an ending."""


def choose(found: Path, reference: str) -> Path:
    """The artifact in what MLflow gave: a file, a folder, or an MLflow model.

    Of an MLflow model: what its flavour names. Of another folder: its only file, or else all of it.
    Raises ManifestInvalid.
    """
    if not found.is_dir():
        return found
    entries = sorted(found.iterdir())
    if (found / MLMODEL).is_file():
        return _of_model(found, reference)
    if not entries:
        raise ManifestInvalid(f"{reference}: found an empty folder")
    return entries[0] if len(entries) == 1 and entries[0].is_file() else found


def _of_model(folder: Path, reference: str) -> Path:
    content: Any = yaml.safe_load((folder / MLMODEL).read_text(encoding="utf-8"))
    flavours = content.get("flavors", {})
    for flavour, entries in FLAVOURS.items():
        for entry in entries:
            stated = flavours.get(flavour, {}).get(entry)
            path = folder / str(stated)
            if stated and path.resolve().is_relative_to(folder.resolve()) and path.exists():
                return _with_its_data(path) if flavour == "onnx" else _weights(path)
    raise ManifestInvalid(
        f"{reference}: an MLflow model of flavours {', '.join(sorted(flavours))}; read are "
        f"{', '.join(FLAVOURS)}. Name the file itself: {reference}/path/within/the/model"
    )


def _weights(path: Path) -> Path:
    if not path.is_dir():
        return path
    named = [one for one in sorted(path.iterdir()) if one.stem == WEIGHTS]
    return named[0] if len(named) == 1 else path


def _with_its_data(path: Path) -> Path:
    """An ONNX file, or a folder of it and its external data, which MLflow writes by default.

    The graph names those files, so their names occur in it.
    """
    graph = path.read_bytes() if path.is_file() else b""
    data = [
        one
        for one in path.parent.iterdir()
        if one != path and one.is_file() and one.name.encode() in graph
    ]
    if not data:
        return path
    together = path.parent / WEIGHTS
    together.mkdir()
    for one in (path, *data):
        one.rename(together / one.name)
    return together
