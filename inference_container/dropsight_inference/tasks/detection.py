"""Detection, by YOLO-style heads (`tasks.boxes`) and by torchvision's networks (`tasks.instances`).

Nothing is suppressed here: which candidates are shown is for `dropsight.domain.suppression`, at
thresholds that a client may move.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed, ManifestInvalid
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.imaging.resize import to_source
from dropsight_inference.box_layouts import check_box_shapes
from dropsight_inference.runtimes import Outputs, Row
from dropsight_inference.tasks import instances
from dropsight_inference.tasks.boxes import check_values, read_rows
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
    if manifest.outputs.instances is not None:
        return read_objects([instances.objects(row, manifest, frame) for row in rows], manifest)
    return read_objects([_objects(row["boxes"], manifest, frame) for row in rows], manifest)


def _objects(table: npt.NDArray[np.float32], manifest: Manifest, frame: Frame) -> Objects:
    """One frame; `table` is a row of the head's output."""
    rows = read_rows(table, manifest)
    boxes = rounded_boxes(to_source(rows.boxes, frame))
    chances = rows.chances.round(SCORE_DECIMALS)
    kept, found = strongest(boxes, chances, manifest)
    return Objects(boxes[kept], chances[kept], None, found)
