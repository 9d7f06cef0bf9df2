"""Which candidates are shown at a confidence and an IoU threshold: one definition for all clients.

Greedy non-maximum suppression, for each frame and each label apart. `tests/vectors/nms.json` holds
inputs and answers for clients in other languages. The rule, exactly:

1. A finding takes part if it has a box and its score is at or above the confidence.
2. Findings are put in order of falling score; equal scores keep the order of the document.
3. The first one is shown. Every later one of the same frame and label whose IoU with it is greater
   than the threshold (not equal to it) is taken out. Then the same with the first of those left.
4. IoU of [x, y, w, h] boxes is intersection area / union area in float64, 0 where the union is 0.

A finding is taken out only by one of higher rank, so moving the confidence never changes which of
the others suppress each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dropsight.domain.results import Finding

Boxes = npt.NDArray[np.float64]
"""(n, 4): x, y, width, height in pixels."""


def intersection_over_union(box: npt.NDArray[np.float64], boxes: Boxes) -> Boxes:
    """IoU of one [x, y, w, h] with each of `boxes`: float64 (n,) in [0, 1]."""
    left_top = np.maximum(box[:2], boxes[:, :2])
    right_bottom = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    sides = np.maximum(right_bottom - left_top, 0.0)
    intersection = sides[:, 0] * sides[:, 1]
    union = box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - intersection
    shares: Boxes = np.divide(
        intersection, union, out=np.zeros_like(intersection), where=union > 0.0
    )
    return shares


def suppress(boxes: Boxes, scores: npt.NDArray[np.float64], iou: float) -> npt.NDArray[np.intp]:
    """Positions of the boxes that are kept, in falling order of their scores (steps 2 to 4)."""
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while left.size:
        first, left = left[0], left[1:]
        kept.append(int(first))
        left = left[intersection_over_union(boxes[first], boxes[left]) <= iou]
    return np.array(kept, np.intp)


def shown(
    findings: Sequence[Finding], confidence: float | Mapping[str, float] | None, iou: float
) -> list[int]:
    """Positions in `findings` of those that are shown, by frame, then by rank (step 2).

    `confidence` is one number, one for each label (a label that is not named is not shown), or
    None for the operating point of each finding. Findings without a box are left out.
    """
    groups: dict[tuple[int, str], list[int]] = {}
    for position, finding in enumerate(findings):
        if finding.box is None or finding.score is None:
            continue
        if finding.score >= _least(finding, confidence):
            groups.setdefault((finding.frame, finding.label), []).append(position)
    kept: list[int] = []
    for positions in groups.values():
        boxes = np.array([findings[position].box for position in positions], np.float64)
        scores = np.array([findings[position].score for position in positions], np.float64)
        kept += [positions[place] for place in suppress(boxes, scores, iou)]
    return sorted(kept, key=lambda at: (findings[at].frame, -(findings[at].score or 0.0), at))


def _least(finding: Finding, confidence: float | Mapping[str, float] | None) -> float:
    if confidence is None:
        return 0.0 if finding.threshold is None else finding.threshold
    if isinstance(confidence, Mapping):
        return confidence.get(finding.label, float("inf"))
    return confidence
