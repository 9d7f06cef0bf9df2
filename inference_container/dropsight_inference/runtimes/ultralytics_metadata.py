"""What Ultralytics writes into the ONNX files that it exports: names, and the kind of head."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import Manifest

TASKS = {"detect": "detection", "segment": "segmentation", "classify": "classification"}
"""Its names of tasks, and ours."""


@dataclass(frozen=True)
class UltralyticsMetadata:
    task: str
    """detect, segment, classify, pose, obb, …"""
    names: list[str]
    """Of the labels, in the order of the head."""
    size: tuple[int, int] | None
    """(width, height) that it was exported for."""
    suppressed: bool
    """Non-maximum suppression is in the graph (`nms=True`), or the head needs none (end2end)."""


def read_metadata(stored: Mapping[str, str]) -> UltralyticsMetadata | None:
    """None for a file of another exporter."""
    if "Ultralytics" not in stored.get("author", "") or "task" not in stored:
        return None
    names, arguments = _literal(stored.get("names", "")), _literal(stored.get("args", ""))
    in_order = [str(names[key]) for key in sorted(names)] if isinstance(names, dict) else []
    nms = arguments.get("nms") if isinstance(arguments, dict) else None
    sides = _literal(stored.get("imgsz", ""))
    return UltralyticsMetadata(
        task=stored["task"],
        names=in_order,
        size=(sides[1], sides[0]) if isinstance(sides, list) and len(sides) == 2 else None,
        suppressed=stored.get("end2end") == "True" or nms is True,
    )


def check_metadata(stored: Mapping[str, str], manifest: Manifest, where: str) -> None:
    """Refuse a model.yaml that reads a head as another one of the same shape: ManifestInvalid."""
    metadata = read_metadata(stored)
    if metadata is None:
        return
    if metadata.task not in TASKS:
        raise ManifestInvalid(
            f"{where}: task: the file is an Ultralytics model of task {metadata.task!r}, which is "
            f"not served here; legal are {', '.join(TASKS)}"
        )
    if TASKS[metadata.task] != manifest.task:
        raise ManifestInvalid(
            f"{where}: task: found {manifest.task!r}, but the file is an Ultralytics model of task "
            f"{metadata.task!r}; legal is task: {TASKS[metadata.task]}"
        )
    boxes = manifest.outputs.boxes
    if boxes is not None and metadata.suppressed != (boxes.layout == "end2end"):
        kind = "end2end, or exported with nms=True" if metadata.suppressed else "without NMS"
        legal = "end2end" if metadata.suppressed else "yolov8"
        raise ManifestInvalid(
            f"{where}: outputs.boxes.layout: found {boxes.layout!r}, but the file says that its "
            f"head is {kind}; legal is {legal}"
        )
    ids = [label.id for label in manifest.labels]
    if sorted(ids) == sorted(metadata.names) and ids != metadata.names:
        raise ManifestInvalid(
            f"{where}: labels: found {', '.join(ids)}, but the file has them in the order "
            f"{', '.join(metadata.names)}"
        )


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
