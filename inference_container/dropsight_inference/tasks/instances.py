"""Objects as torchvision's networks for detection answer (Mask R-CNN: He et al. 2017,
arXiv:1703.06870; without masks Faster R-CNN, RetinaNet, FCOS, SSD).

`manifests.InstanceOutput` says what the outputs hold. The network has suppressed once by itself and
given each object one label; a client may suppress further by the same rule as for YOLO. Masks are
pasted to source pixels and kept as COCO run-length encoding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.imaging.masks import paste_mask
from dropsight.imaging.resize import Boxes, to_source
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


def decode(row: Row, manifest: Manifest) -> tuple[Boxes, npt.NDArray[np.float64]]:
    """One input: boxes (n, 4) as x, y, width, height in its pixels, and scores (n, labels), in the
    order of the tensors. Background has neither a side nor a score."""
    corners = row["boxes"].astype(np.float64)
    boxes = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    labels = _positions(row["labels"], manifest)
    chances = np.zeros((len(labels), len(manifest.labels)))
    chances[np.arange(len(labels)), labels] = np.clip(row["scores"].astype(np.float64), 0.0, 1.0)
    background = labels < 0
    boxes[background, 2:] = 0.0
    chances[background] = 0.0
    return boxes, chances


def score_of(tensors: Mapping[str, Any], position: int) -> Any:
    """Of object `position` of the first image: it has one label, whose score this is.

    `tensors` are a framework's own, for one image, or a sequence with one of each image.
    """
    scores = tensors["scores"]
    of_one_image = len(getattr(scores, "shape", (0, 0))) == 1
    return scores[position] if of_one_image else scores[0][position]


def objects(row: Row, manifest: Manifest, frame: Frame) -> Objects:
    """One frame, with masks."""
    boxes, chances = decode(row, manifest)
    boxes, chances = rounded_boxes(to_source(boxes, frame)), chances.round(SCORE_DECIMALS)
    kept, found = strongest(boxes, chances, manifest)
    masks = [paste_mask(row["masks"][at, 0], boxes[at], frame) for at in kept]
    return Objects(boxes[kept], chances[kept], masks, found)


def _positions(labels: npt.NDArray[Any], manifest: Manifest) -> npt.NDArray[np.intp]:
    """In model.yaml's list. Raises InferenceFailed for a label that is not there.

    RetinaNet, FCOS and SSD of torchvision may score the background, their label 0, above the least
    score: -1, as long as the network is known to have been built with a background.
    """
    first = manifest.outputs.instances.first_label if manifest.outputs.instances else 0
    count = len(manifest.labels)
    positions: npt.NDArray[np.intp] = labels.astype(np.intp) - first
    built_here = (manifest.artifact.architecture or "").startswith("torchvision.models.detection")
    least = -1 if built_here and first == 1 else 0
    if positions.size and not (positions.min() >= least and positions.max() < count):
        raise InferenceFailed(
            f"{manifest.name}: outputs.instances.labels: found labels {labels.min()} to "
            f"{labels.max()}, model.yaml knows {first} to {first + count - 1} (firstLabel)"
        )
    return positions
