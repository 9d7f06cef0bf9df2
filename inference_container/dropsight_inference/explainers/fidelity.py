"""How far an explanation can be trusted: deletion and insertion (Petsiuk et al., 2018,
"RISE", arXiv:1806.07421).

Deletion takes the most important pixels away first: the better the heatmap, the faster the
probability falls, the smaller the area under its curve. Insertion starts from a blurred image and
puts them back: the larger the area the better. Both in [0, 1].

Deviations from the paper: a few steps (16) in place of one for each row of pixels, and deleted
pixels get the image's mean in place of zero (black is a finding of its own in a radiograph).

For one object both happen in its neighbourhood alone, with that one's mean and a blur that is as
wide as the object is: of a whole picture the first step would take a small object away at once,
and the paper's blur would leave it standing.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dropsight_inference.explainers.neighbourhood import TIMES, Area
from dropsight_inference.explainers.subject import Row, Subject

STEPS = 16
WIDEST_BLUR = 64.0
"""Of one object, in pixels of the input: a wider one costs seconds and hides no more."""
BLUR = 5.0 / 224.0
"""Sigma of the blur that insertion starts from, as a share of the width: the paper's 5 of 224."""


def measure_fidelity(
    subject: Subject, importance: Sequence[npt.NDArray[np.float32]]
) -> list[dict[str, float]]:
    """`deletion` and `insertion` AUC for each column of the question.

    `importance[i]` is float32 (height, width), signed: pixels are taken in falling order, equal
    ones in an order that depends on nothing but the size of the image. With `subject.area` only
    pixels within it are taken.
    """
    original = subject.row()
    area = subject.area or (slice(None), slice(None))
    emptied = _emptied(subject, original, area)
    blurred = _blurred(subject, original, area)
    ranks = [_ranks(one, area) for one in importance]
    inner = STEPS - 1
    # Three inputs are common to all columns; then for each the inner steps of both curves.
    common = [original, emptied, blurred]
    per_column = 2 * inner

    def write(index: int, row: Row) -> None:
        if index < len(common):
            row[...] = common[index]
            return
        column, step = divmod(index - len(common), per_column)
        deletes = step < inner
        taken = (step % inner + 1) / STEPS
        chosen = ranks[column] < taken
        before, after = (original, emptied) if deletes else (blurred, original)
        row[...] = before
        for plane, new in zip(
            subject.layout.planes(row), subject.layout.planes(after), strict=True
        ):
            np.copyto(plane, new, where=chosen)

    inputs = len(common) + per_column * len(importance)
    values = subject.ask(inputs, write, subject.question.values)
    figures = []
    for position, curve in enumerate(values.T):
        start = len(common) + position * per_column
        deleted = [curve[0], *curve[start : start + inner], curve[1]]
        inserted = [curve[2], *curve[start + inner : start + per_column], curve[0]]
        figures.append({"deletion": _area(deleted), "insertion": _area(inserted)})
    return figures


def _area(curve: Sequence[float]) -> float:
    """Trapezoidal rule over [0, 1]; STEPS + 1 equidistant values."""
    return float(np.trapezoid(curve, dx=1.0 / STEPS))


def _ranks(importance: npt.NDArray[np.float32], area: Area) -> npt.NDArray[np.float64]:
    """Share of the area's pixels that are more important than each, in [0, 1), all different.

    1 outside of the area: such pixels are never taken.
    """
    everywhere = np.ones(importance.shape)
    everywhere[area] = _ranks_of_all(importance[area])
    return everywhere


def _ranks_of_all(importance: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    flat = importance.ravel()
    # Equal values (a whole superpixel, everything outside a heatmap) in raster order would be
    # taken from top to bottom; a fixed shuffle spreads them over their area.
    shuffled = np.random.default_rng(0).permutation(flat.size)
    order = shuffled[np.argsort(-flat[shuffled], kind="stable")]
    ranks = np.empty(flat.size)
    ranks[order] = np.arange(flat.size) / flat.size
    return ranks.reshape(importance.shape)


def _emptied(subject: Subject, original: Row, area: Area) -> Row:
    """Each channel its own mean, of the area and in it."""
    empty = original.copy()
    planes = zip(subject.layout.planes(empty), subject.layout.planes(original), strict=True)
    for plane, source in planes:
        plane[area] = source[area].mean(dtype=np.float64)
    return empty


def _blurred(subject: Subject, original: Row, area: Area) -> Row:
    blurred = original.copy()
    sigma = BLUR * subject.manifest.input.width
    if subject.area is not None:
        # The neighbourhood is so many times as wide as the object.
        sigma = min(max(side.stop - side.start for side in subject.area) / TIMES, WIDEST_BLUR)
    planes = zip(subject.layout.planes(blurred), subject.layout.planes(original), strict=True)
    for plane, source in planes:
        smooth = cv2.GaussianBlur(np.ascontiguousarray(source), (0, 0), max(sigma, 0.1))
        plane[area] = smooth[area]
    return blurred
