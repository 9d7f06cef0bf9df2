"""Detection by YOLO-style heads; `manifests.BoxOutput` says what the two layouts hold.

An anchor is one candidate, of the label with the highest score. With an objectness (yolov6, and
YOLOv5), the score of a label is objectness * score of the label. Nothing is suppressed here: which
candidates are shown is for `dropsight.domain.suppression`, at thresholds that a client may move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
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

SLACK = 1e-3
"""A sigmoid in half precision may miss [0, 1] by this much."""


def check(outputs: Outputs, rows: int, manifest: Manifest) -> None:
    """See `protocol.Task`."""
    found = np.asarray(outputs.tensors["boxes"])
    where = f"{manifest.name}: outputs.boxes"
    expected = expected_outputs(manifest)["boxes"].shape
    agrees = found.ndim == 3 and all(
        isinstance(want, str) or have == want
        for have, want in zip(found.shape, expected, strict=True)
    )
    if not agrees or len(found) != rows:
        raise InferenceFailed(
            f"{where}: found shape {found.shape}, expected {(rows, *expected[1:])}"
        )
    if not np.isfinite(found).all():
        raise InferenceFailed(
            f"{where}: found a value that is not finite; the model cannot answer for this input"
        )
    scores = found[:, 4:] if _transposed(manifest) else found[..., 4:]
    if scores.size and (scores.min() < -SLACK or scores.max() > 1 + SLACK):
        raise InferenceFailed(
            f"{where}: found scores from {scores.min():g} to {scores.max():g}, legal are 0 to 1; "
            "export the head with its sigmoid"
        )


def read(rows: Sequence[Row], manifest: Manifest, frame: Frame) -> Read:
    """See `protocol.Task`."""
    least = manifest.candidates.minimum_score - SLACK
    return read_objects(
        [objects_of(*decode(row["boxes"], manifest, least), manifest, frame) for row in rows],
        manifest,
    )


def _transposed(manifest: Manifest) -> bool:
    return manifest.outputs.boxes is not None and manifest.outputs.boxes.layout == "yolov8"


def candidates(
    row: Row, manifest: Manifest, frame: Frame, least: float = 0.0
) -> tuple[Boxes, Boxes]:
    """See `protocol.ObjectTask`: the anchors with a score at or above `least`."""
    boxes, scores = decode(row["boxes"], manifest, least)
    return to_source(boxes, frame), scores


def decode(
    table: npt.NDArray[np.float32], manifest: Manifest, least: float
) -> tuple[Boxes, npt.NDArray[np.float64]]:
    """Boxes (n, 4) as x, y, width, height in pixels of the input, and scores (n, labels), of the
    candidates with a score at or above `least`; `table` is a row of the head's output."""
    if _transposed(manifest):
        table = table.T
        chances = table[:, 4:]
    else:
        chances = table[:, 5:] * table[:, 4:5]
    # Most anchors see nothing: the rest of the work is for the few that do.
    seen = np.flatnonzero(chances.max(axis=1) >= least) if least > 0.0 else slice(None)
    scores = np.clip(chances[seen].astype(np.float64), 0.0, 1.0)
    centred = table[seen, :4].astype(np.float64)
    sides = np.maximum(centred[:, 2:], 0.0)
    return np.hstack([centred[:, :2] - sides / 2, sides]), scores


def score_of(tensors: Mapping[str, Any], position: int, label: int, manifest: Manifest) -> Any:
    """See `protocol.ObjectTask`."""
    if _transposed(manifest):
        return tensors["boxes"][0, 4 + label, position]
    return tensors["boxes"][0, position, 4] * tensors["boxes"][0, position, 5 + label]


def objects_of(
    boxes: Boxes, scores: npt.NDArray[np.float64], manifest: Manifest, frame: Frame
) -> Objects:
    """Of one frame, from boxes in frame pixels."""
    boxes, scores = rounded_boxes(to_source(boxes, frame)), scores.round(SCORE_DECIMALS)
    kept, found = strongest(boxes, scores, manifest)
    return Objects(boxes[kept], scores[kept], None, found)
