"""Instance segmentation as torchvision's Mask R-CNN answers it (He et al. 2017, arXiv:1703.06870).

`manifests.InstanceOutput` says what the four outputs hold. The network has suppressed once by
itself and given each object one label; a client may suppress further by the same rule as for
detection. Masks are pasted to source pixels and kept as COCO run-length encoding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    read_objects,
    rounded_boxes,
    strongest,
)
from dropsight_inference.tasks.protocol import Read


def check(outputs: Outputs, rows: int, manifest: Manifest) -> None:
    """See `protocol.Task`."""
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


def read(rows: Sequence[Row], manifest: Manifest, frame: Frame) -> Read:
    """See `protocol.Task`."""
    return read_objects([_objects(row, manifest, frame) for row in rows], manifest)


def candidates(row: Row, manifest: Manifest, frame: Frame) -> tuple[Boxes, Boxes]:
    """See `protocol.ObjectTask`: what the network itself has kept."""
    corners = row["boxes"].astype(np.float64)
    boxes = to_source(np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]]), frame)
    labels = _positions(row["labels"], manifest)
    chances = np.zeros((len(labels), len(manifest.labels)))
    chances[np.arange(len(labels)), labels] = np.clip(row["scores"].astype(np.float64), 0.0, 1.0)
    return boxes, chances


def score_of(
    tensors: Mapping[str, Any],
    position: int,
    label: int,  # noqa: ARG001 (an object of Mask R-CNN has one label, so its score is the label's)
    manifest: Manifest,  # noqa: ARG001
) -> Any:
    """See `protocol.ObjectTask`."""
    scores = tensors["scores"]
    of_one_image = len(getattr(scores, "shape", (0, 0))) == 1
    return scores[position] if of_one_image else scores[0][position]


def _objects(row: Row, manifest: Manifest, frame: Frame) -> Objects:
    boxes, chances = candidates(row, manifest, frame)
    boxes, chances = rounded_boxes(boxes), chances.round(SCORE_DECIMALS)
    kept, found = strongest(boxes, chances, manifest)
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
