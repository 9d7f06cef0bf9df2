"""Detection, by YOLO-style heads (`tasks.boxes`) and by torchvision's networks (`tasks.instances`).

Nothing is suppressed here: which candidates are shown is for `dropsight.domain.suppression`, at
thresholds that a client may move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed, ManifestInvalid
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.imaging.resize import Boxes, to_source
from dropsight_inference.box_layouts import check_box_shapes
from dropsight_inference.runtimes import Outputs, Row
from dropsight_inference.tasks import instances
from dropsight_inference.tasks.boxes import SLACK, check_values, read_rows, score_in_table
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
    if manifest.outputs.instances is not None:
        instances.check(outputs, rows, manifest)
        return
    check_boxes(outputs, rows, manifest)


def check_boxes(outputs: Outputs, rows: int, manifest: Manifest) -> None:
    """Of a YOLO-style head, with prototypes of masks or without. Raises InferenceFailed."""
    where = f"{manifest.name}: outputs.boxes"
    for field, tensor in outputs.tensors.items():
        found = np.asarray(tensor)
        if len(found) != rows:
            raise InferenceFailed(f"{where}: {field}: found shape {found.shape} for {rows} images")
        if not np.isfinite(found).all():
            raise InferenceFailed(
                f"{where}: {field}: found a value that is not finite; the model cannot answer for "
                "this input"
            )
    table, prototypes = np.asarray(outputs.tensors["boxes"]), outputs.tensors.get("prototypes")
    try:
        check_box_shapes(
            table.shape, None if prototypes is None else np.shape(prototypes), manifest, where
        )
    except ManifestInvalid as error:
        raise InferenceFailed(str(error)) from error
    check_values(table, manifest, where)


def read(rows: Sequence[Row], manifest: Manifest, frame: Frame) -> Read:
    """See `protocol.Task`."""
    least = least_score(manifest)
    return read_objects(
        [objects_of(*decode(row, manifest, least), manifest, frame) for row in rows], manifest
    )


def least_score(manifest: Manifest) -> float:
    """Of the candidates that may reach the minimum score once they are rounded."""
    return manifest.candidates.minimum_score - SLACK


def candidates(row: Row, manifest: Manifest, frame: Frame) -> tuple[Boxes, Boxes]:
    """See `protocol.ObjectTask`: every anchor, or what the network itself has kept."""
    boxes, scores = decode(row, manifest, None)
    return to_source(boxes, frame), scores


def decode(
    row: Row, manifest: Manifest, least: float | None
) -> tuple[Boxes, npt.NDArray[np.float64]]:
    """Boxes (n, 4) as x, y, width, height in pixels of the input, and scores (n, labels).

    Of a YOLO-style head, those with a score at or above `least`; None is every one, in the order
    of the tensors.
    """
    if manifest.outputs.instances is not None:
        return instances.decode(row, manifest)
    found = read_rows(row["boxes"], manifest, least)
    return found.boxes, found.chances


def score_of(tensors: Mapping[str, Any], position: int, label: int, manifest: Manifest) -> Any:
    """See `protocol.ObjectTask`."""
    if manifest.outputs.instances is not None:
        return instances.score_of(tensors, position)
    return score_in_table(tensors["boxes"][0], position, label, manifest)


def objects_of(
    boxes: Boxes, scores: npt.NDArray[np.float64], manifest: Manifest, frame: Frame
) -> Objects:
    """Of one frame, from boxes in frame pixels."""
    boxes, scores = rounded_boxes(to_source(boxes, frame)), scores.round(SCORE_DECIMALS)
    kept, found = strongest(boxes, scores, manifest)
    return Objects(boxes[kept], scores[kept], None, found)
