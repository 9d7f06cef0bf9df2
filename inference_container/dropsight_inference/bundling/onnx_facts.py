"""What an ONNX file says of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.box_layouts import fitting_layouts
from dropsight_inference.bundling.facts import Facts
from dropsight_inference.runtimes.onnx import ORT_ERRORS
from dropsight_inference.runtimes.ultralytics_metadata import (
    TASKS,
    UltralyticsMetadata,
    read_metadata,
)

Size = tuple[int, int]
OBJECTS = ("boxes", "labels", "scores", "masks")
DEFAULT_SIDE = 640
"""Where neither the file nor its user says one: what YOLO is exported with."""


def read_onnx(path: Path, size: Size | None) -> Facts:
    """Raises ManifestInvalid for a file that no bundle can be made of."""
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except ORT_ERRORS as error:
        raise ManifestInvalid(
            f"{path}: is no model that onnxruntime {onnxruntime.__version__} can open: {error}"
        ) from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) not in (3, 4):
        found = "; ".join(f"{one.name} {one.shape}" for one in inputs)
        raise ManifestInvalid(
            f"{path}: found inputs {found}; legal is exactly one, an image (batch, channels, "
            "height, width) or (batch, height, width, channels)"
        )
    metadata = read_metadata(session.get_modelmeta().custom_metadata_map)
    facts = _input(list(inputs[0].shape), size or (metadata.size if metadata else None))
    shapes = _shapes(session, inputs[0], facts)
    if metadata is not None:
        return _ultralytics(facts, metadata, shapes, path)
    return _others(facts, shapes, path)


def _input(shape: list[Any], size: Size | None) -> Facts:
    image, notes = shape[-3:], []
    layout = "NHWC" if image[2] in (1, 3) and image[0] not in (1, 3) else "NCHW"
    channels, height, width = image if layout == "NCHW" else (image[2], image[0], image[1])
    if not isinstance(height, int) or not isinstance(width, int):
        width, height = size or (DEFAULT_SIDE, DEFAULT_SIDE)
        notes.append("the file leaves the size of the input open: state that of the training")
    fixed = 1 if len(shape) == 3 else shape[0] if isinstance(shape[0], int) else None
    return Facts(
        runtime="onnx",
        task="classification",
        outputs={},
        channels=channels if isinstance(channels, int) else 3,
        layout=layout,
        width=width,
        height=height,
        maximum_batch=fixed,
        notes=notes,
    )


def _shapes(session: Any, taken: Any, facts: Facts) -> dict[str, tuple[Any, ...]]:
    """Of the outputs, by name: as they come for a black image, as exporters leave sizes open."""
    sides = (facts.height, facts.width)
    row = (facts.channels, *sides) if facts.layout == "NCHW" else (*sides, facts.channels)
    shape = row if len(taken.shape) == 3 else (facts.maximum_batch or 1, *row)
    kind = np.float16 if taken.type == "tensor(float16)" else np.float32
    names = [one.name for one in session.get_outputs()]
    try:
        found = session.run(names, {taken.name: np.zeros(shape, kind)})
    except ORT_ERRORS as error:
        raise ManifestInvalid(
            f"a black image of shape {shape}: {error}; state the size of the training by "
            "--size WIDTHxHEIGHT"
        ) from error
    return {name: np.shape(one) for name, one in zip(names, found, strict=True)}


def _ultralytics(
    facts: Facts, metadata: UltralyticsMetadata, shapes: dict[str, tuple[Any, ...]], path: Path
) -> Facts:
    if metadata.task not in TASKS:
        raise ManifestInvalid(
            f"{path}: an Ultralytics model of task {metadata.task!r}, which is not served here; "
            f"legal are {', '.join(TASKS)}"
        )
    task, names = TASKS[metadata.task], list(shapes)
    if task == "classification":
        # As its validation does: the shorter side to the size, then the middle.
        outputs: dict[str, Any] = {"logits": names[0], "values": "probabilities"}
        known: dict[str, Any] = {"resize": "crop"}
    else:
        box = {"name": names[0], "layout": "end2end" if metadata.suppressed else "yolov8"}
        if task == "segmentation":
            box["prototypes"] = names[1]
        outputs = {"boxes": box}
        known = {"resize": "letterbox", "interpolation": "linear", "padding": 0.447}
    return dataclasses.replace(
        facts, task=task, outputs=outputs, labels=metadata.names or None, input=known
    )


def _others(facts: Facts, shapes: dict[str, tuple[Any, ...]], path: Path) -> Facts:
    names = list(shapes)
    if {"boxes", "labels", "scores"} <= set(names):
        return _instances(facts, "masks" in names)
    prototypes = next(((one, other) for one, other in shapes.items() if len(other) == 4), None)
    for name, shape in shapes.items():
        if len(shape) == 3:
            return _head(facts, name, shape, prototypes, path)
        if len(shape) == 2:
            return dataclasses.replace(
                facts,
                outputs={"logits": name},
                count=shape[1],
                notes=[*facts.notes, "classification, as its output is (batch, labels)"],
            )
    found = "; ".join(f"{name} {shape}" for name, shape in shapes.items())
    raise ManifestInvalid(
        f"{path}: found outputs {found}; legal are (batch, labels) for classification, the head of "
        "a YOLO, or torchvision's boxes, labels and scores. Write model.yaml by hand where they "
        "have other names"
    )


def _instances(facts: Facts, masks: bool) -> Facts:
    return dataclasses.replace(
        facts,
        task="segmentation" if masks else "detection",
        outputs={"instances": {"firstLabel": 1}},
        maximum_batch=1,
        input={"resize": "letterbox"},
        notes=[*facts.notes, "the file does not say how many labels there are"],
    )


def _head(
    facts: Facts,
    name: str,
    shape: Sequence[Any],
    prototypes: tuple[str, Sequence[Any]] | None,
    path: Path,
) -> Facts:
    fitting = fitting_layouts(shape, prototypes[1][1] if prototypes else 0)
    if not fitting:
        raise ManifestInvalid(
            f"{path}: output {name!r} of shape {tuple(shape)} is no head of YOLO that is known here"
        )
    layout, _, count, *_ = fitting[0].split()
    box = {"name": name, "layout": layout}
    if prototypes:
        box["prototypes"] = prototypes[0]
    return dataclasses.replace(
        facts,
        task="segmentation" if prototypes else "detection",
        outputs={"boxes": box},
        count=int(count) if count.isdigit() else None,
        input={"resize": "letterbox", "interpolation": "linear", "padding": 0.447},
        notes=[*facts.notes, f"the shape {tuple(shape)} of {name} fits {' or '.join(fitting)}"],
    )
