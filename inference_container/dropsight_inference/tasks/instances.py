"""Objects as torchvision's networks for detection answer (Mask R-CNN: He et al. 2017,
arXiv:1703.06870; without masks Faster R-CNN, RetinaNet, FCOS, SSD).

`manifests.InstanceOutput` says what the outputs hold. The network has suppressed once by itself and
given each object one label; a client may suppress further by the same rule as for YOLO. Masks are
pasted to source pixels and kept as COCO run-length encoding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.imaging.masks import paste_mask
from dropsight.imaging.resize import to_source
from dropsight_inference.output_layout import expected_outputs
from dropsight_inference.runtimes import Outputs, Row
from dropsight_inference.tasks.candidates import (
    SCORE_DECIMALS,
    Objects,
    rounded_boxes,
    strongest,
)


def check(outputs: Outputs, rows: int, manifest: Manifest) -> None:
    """Refuse what is not an answer for `rows` inputs: InferenceFailed."""
    for field, expected in expected_outputs(manifest).items():
        found = outputs.tensors[field]
        if len(found) != rows:
            raise InferenceFailed(
                f"{manifest.name}: outputs.instances.{field}: found {len(found)} answers for "
                f"{rows} images"
            )
        for index in range(rows):
            one, objects = found[index], len(outputs.tensors["boxes"][index])
            if one.shape != (objects, *expected.shape[1:]):
                raise InferenceFailed(
                    f"{manifest.name}: outputs.instances.{field}: found shape {one.shape}, "
                    f"expected {(objects, *expected.shape[1:])}"
                )
            if not np.isfinite(one).all():
                raise InferenceFailed(
                    f"{manifest.name}: outputs.instances.{field}: found a value that is not "
                    "finite; the model cannot answer for this input"
                )
    for index in range(rows):
        _positions(outputs.tensors["labels"][index], manifest)


def objects(row: Row, manifest: Manifest, frame: Frame) -> Objects:
    """One frame; masks for task segmentation alone."""
    corners = row["boxes"].astype(np.float64)
    boxes = rounded_boxes(
        to_source(np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]]), frame)
    )
    labels = _positions(row["labels"], manifest)
    chances = np.zeros((len(labels), len(manifest.labels)))
    scores = np.clip(row["scores"].astype(np.float64), 0.0, 1.0).round(SCORE_DECIMALS)
    chances[np.arange(len(labels)), labels] = scores
    kept, found = strongest(boxes, chances, manifest)
    masks = None
    if manifest.task == "segmentation":
        masks = [paste_mask(row["masks"][at, 0], boxes[at], frame) for at in kept]
    return Objects(boxes[kept], chances[kept], masks, found)


def _positions(labels: npt.NDArray[Any], manifest: Manifest) -> npt.NDArray[np.intp]:
    """In model.yaml's list. Raises InferenceFailed for a label that is not there."""
    first = manifest.outputs.instances.first_label if manifest.outputs.instances else 0
    count = len(manifest.labels)
    positions: npt.NDArray[np.intp] = labels.astype(np.intp) - first
    if positions.size and not (positions.min() >= 0 and positions.max() < count):
        raise InferenceFailed(
            f"{manifest.name}: outputs.instances.labels: found labels {labels.min()} to "
            f"{labels.max()}, model.yaml knows {first} to {first + count - 1} (firstLabel)"
        )
    return positions
