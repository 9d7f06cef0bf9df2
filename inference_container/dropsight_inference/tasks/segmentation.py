"""Instance segmentation, by torchvision's Mask R-CNN (`tasks.instances`) and by YOLO-style heads
with prototypes of masks.

The latter as in YOLACT (Bolya et al. 2019, arXiv:1904.02689): the logit of a mask is the sum of the
prototypes, weighted by the coefficients of its candidate. A mask for each of thousands of anchors
would say the same many times over, so the weaker of two candidates of one label that overlap by
more than `MASK_IOU` is left out before; clients suppress further. Heads of layout end2end have done
so themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.suppression import suppress
from dropsight.imaging.masks import paste_mask
from dropsight.imaging.resize import Boxes, to_source
from dropsight_inference.runtimes import Outputs, Row
from dropsight_inference.tasks import detection, instances
from dropsight_inference.tasks.boxes import read_rows
from dropsight_inference.tasks.candidates import (
    SCORE_DECIMALS,
    Objects,
    read_objects,
    rounded_boxes,
    strongest,
)
from dropsight_inference.tasks.protocol import Read

MASK_IOU = 0.7
"""Or `candidates.iou`, where it is larger."""


def check(outputs: Outputs, rows: int, manifest: Manifest) -> None:
    """See `protocol.Task`."""
    if manifest.outputs.instances is not None:
        instances.check(outputs, rows, manifest)
    else:
        detection.check_boxes(outputs, rows, manifest)


def read(rows: Sequence[Row], manifest: Manifest, frame: Frame) -> Read:
    """See `protocol.Task`."""
    read_one = _objects if manifest.outputs.instances is None else instances.objects
    return read_objects([read_one(row, manifest, frame) for row in rows], manifest)


candidates = detection.candidates
score_of = detection.score_of
"""See `protocol.ObjectTask`: masks do not count there."""


def _objects(row: Row, manifest: Manifest, frame: Frame) -> Objects:
    found = read_rows(row["boxes"], manifest, detection.least_score(manifest))
    boxes = rounded_boxes(to_source(found.boxes, frame))
    chances, coefficients = found.chances, found.coefficients
    if manifest.outputs.boxes is not None and manifest.outputs.boxes.layout != "end2end":
        # Before boxes are cut off at the edges of the image, which changes how much they overlap.
        apart = _apart(found.boxes, chances, max(MASK_IOU, manifest.candidates.iou))
        boxes, chances, coefficients = boxes[apart], chances[apart], coefficients[apart]
    chances = chances.round(SCORE_DECIMALS)
    kept, count = strongest(boxes, chances, manifest)
    prototypes = row["prototypes"].astype(np.float32)
    weights = coefficients.astype(np.float32)
    # sigmoid(logit) >= 0.5 is logit >= 0.
    masks = [
        paste_mask(np.tensordot(weights[at], prototypes, 1), boxes[at], frame, least=0.0)
        for at in kept
    ]
    return Objects(boxes[kept], chances[kept], masks, count)


def _apart(boxes: Boxes, chances: npt.NDArray[np.float64], iou: float) -> npt.NDArray[np.intp]:
    """Positions that are left when the candidates of each label are suppressed."""
    if not len(boxes):
        return np.zeros(0, np.intp)
    best, scores = chances.argmax(axis=1), chances.max(axis=1)
    kept = [
        members[suppress(boxes[members], scores[members], iou)]
        for members in (np.flatnonzero(best == label) for label in np.unique(best))
    ]
    return np.sort(np.concatenate(kept))
