"""From a row of a YOLO-style head to candidates; `manifests.BoxOutput` says what the layouts hold.

An anchor is one candidate. With an objectness (yolov6, and YOLOv5), the score of a label is
objectness * score of the label. A candidate of `end2end` has one label and one score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.manifests import Manifest
from dropsight_inference.box_layouts import LAYOUTS

SLACK = 1e-3
"""A sigmoid in half precision may miss [0, 1] by this much."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BoxRows:
    """Candidates of one frame.

    boxes        (n, 4): left, top, width, height in pixels of the input, width and height >= 0
    chances      (n, labels) in [0, 1]
    coefficients (n, c) of the mask prototypes; c is 0 where there are none
    """

    boxes: Numbers
    chances: Numbers
    coefficients: Numbers


def by_candidate(table: npt.NDArray[Any], layout: str) -> npt.NDArray[Any]:
    """A view of (…, candidates, numbers), whatever the layout."""
    return np.swapaxes(table, -1, -2) if LAYOUTS[layout].axis == 1 else table


def check_values(tables: npt.NDArray[Any], manifest: Manifest, where: str) -> None:
    """Refuse what cannot be scores or labels of this layout: InferenceFailed.

    `tables` is (batch, …, …) as the head gave it, of a shape that was checked.
    """
    assert manifest.outputs.boxes is not None  # noqa: S101
    layout, count = manifest.outputs.boxes.layout, len(manifest.labels)
    rows = by_candidate(tables, layout)
    start = LAYOUTS[layout].before
    scores = rows[..., 4:5] if layout == "end2end" else rows[..., 4 : start + count]
    if scores.size and (scores.min() < -SLACK or scores.max() > 1 + SLACK):
        raise InferenceFailed(
            f"{where}: found scores from {scores.min():g} to {scores.max():g}, legal are 0 to 1; "
            "export the head with its sigmoid, and look whether outputs.boxes.layout is its layout"
        )
    if layout == "end2end":
        labels = rows[..., 5][rows[..., 4] > SLACK]
        if labels.size and (labels.min() < 0 or labels.max() >= count or (labels % 1).any()):
            raise InferenceFailed(
                f"{where}: the last number of a box is its label in layout end2end: found "
                f"{labels.min():g} to {labels.max():g}, legal are whole numbers 0 to {count - 1} "
                f"({count} labels in model.yaml)"
            )


def read_rows(table: npt.NDArray[np.float32], manifest: Manifest, least: float | None) -> BoxRows:
    """One frame; `table` is a row of the head's output.

    Candidates with a score at or above `least`, or, with None, all in their order.
    """
    assert manifest.outputs.boxes is not None  # noqa: S101
    layout, count = manifest.outputs.boxes.layout, len(manifest.labels)
    rows = by_candidate(table, layout)
    # Most candidates see nothing: the rest of the work is for the few that do.
    if layout == "end2end":
        if least is not None:
            # Unused rows are zero.
            rows = rows[rows[:, 4] >= max(least, np.finfo(np.float32).tiny)]
        chances = np.zeros((len(rows), count))
        # `check_values` does not look at the labels of unused rows.
        labels = np.clip(rows[:, 5], 0, count - 1).astype(np.intp)
        chances[np.arange(len(rows)), labels] = rows[:, 4]
        left_top, right_bottom = rows[:, :2], rows[:, 2:4]
        coefficients = rows[:, 6:]
    else:
        start = LAYOUTS[layout].before
        scores = rows[:, start : start + count]
        if layout == "yolov6":
            scores = scores * rows[:, 4:5]
        seen = slice(None) if least is None else np.flatnonzero(scores.max(axis=1) >= least)
        rows, chances = rows[seen].astype(np.float64), scores[seen].astype(np.float64)
        left_top = rows[:, :2] - np.maximum(rows[:, 2:4], 0.0) / 2
        right_bottom = left_top + np.maximum(rows[:, 2:4], 0.0)
        coefficients = rows[:, start + count :]
    left_top = left_top.astype(np.float64)
    return BoxRows(
        np.hstack([left_top, np.maximum(right_bottom.astype(np.float64) - left_top, 0.0)]),
        np.clip(chances, 0.0, 1.0),
        coefficients.astype(np.float64),
    )


def score_in_table(table: Any, position: int, label: int, manifest: Manifest) -> Any:
    """The score of candidate `position` for `label`, as `read_rows` makes it, by indices and
    products alone: `table` is a row of the head's output as a tensor of any framework."""
    assert manifest.outputs.boxes is not None  # noqa: S101
    layout = manifest.outputs.boxes.layout
    if layout == "end2end":
        return table[position, 4]  # of the one label that it has
    start = LAYOUTS[layout].before
    if LAYOUTS[layout].axis == 1:
        return table[start + label, position]
    return table[position, 4] * table[position, start + label]
