"""How far an explanation can be trusted: deletion and insertion (Petsiuk et al., 2018,
"RISE", arXiv:1806.07421).

Deletion takes the most important pixels away first: the better the heatmap, the faster the
probability falls, the smaller the area under its curve. Insertion starts from a blurred image and
puts them back: the larger the area the better. Both in [0, 1].

Deviations from the paper: a few steps (16) in place of one for each row of pixels, and deleted
pixels get the image's mean in place of zero (black is a finding of its own in a radiograph).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dropsight_inference.explainers.subject import Row, Subject
from dropsight_inference.tasks import classification

STEPS = 16
BLUR = 5.0 / 224.0
"""Sigma of the blur that insertion starts from, as a share of the width: the paper's 5 of 224."""


def measure_fidelity(
    subject: Subject, labels: Sequence[int], importance: Sequence[npt.NDArray[np.float32]]
) -> list[dict[str, float]]:
    """`deletion` and `insertion` AUC for each of `labels`.

    `importance[i]` is float32 (height, width), signed: pixels are taken in falling order, equal
    ones in an order that depends on nothing but the size of the image.
    """
    original = subject.row()
    emptied = _emptied(subject, original)
    blurred = _blurred(subject, original)
    ranks = [_ranks(one) for one in importance]
    inner = STEPS - 1
    # Three inputs are common to all labels; then for each label the inner steps of both curves.
    common = [original, emptied, blurred]
    per_label = 2 * inner

    def write(index: int, row: Row) -> None:
        if index < len(common):
            row[...] = common[index]
            return
        label, step = divmod(index - len(common), per_label)
        deletes = step < inner
        taken = (step % inner + 1) / STEPS
        chosen = ranks[label] < taken
        before, after = (original, emptied) if deletes else (blurred, original)
        row[...] = before
        for plane, new in zip(
            subject.layout.planes(row), subject.layout.planes(after), strict=True
        ):
            np.copyto(plane, new, where=chosen)

    logits = subject.logits(len(common) + per_label * len(labels), write)
    chances = classification.probabilities(logits, subject.manifest)
    figures = []
    for position, label in enumerate(labels):
        start = len(common) + position * per_label
        curve = chances[:, label]
        deleted = [curve[0], *curve[start : start + inner], curve[1]]
        inserted = [curve[2], *curve[start + inner : start + per_label], curve[0]]
        figures.append({"deletion": _area(deleted), "insertion": _area(inserted)})
    return figures


def _area(curve: Sequence[float]) -> float:
    """Trapezoidal rule over [0, 1]; STEPS + 1 equidistant values."""
    return float(np.trapezoid(curve, dx=1.0 / STEPS))


def _ranks(importance: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Share of pixels that are more important than each, in [0, 1), all different."""
    flat = importance.ravel()
    # Equal values (a whole superpixel, everything outside a heatmap) in raster order would be
    # taken from top to bottom; a fixed shuffle spreads them over their area.
    shuffled = np.random.default_rng(0).permutation(flat.size)
    order = shuffled[np.argsort(-flat[shuffled], kind="stable")]
    ranks = np.empty(flat.size)
    ranks[order] = np.arange(flat.size) / flat.size
    return ranks.reshape(importance.shape)


def _emptied(subject: Subject, original: Row) -> Row:
    """Each channel its own mean."""
    empty = np.empty_like(original)
    planes = zip(subject.layout.planes(empty), subject.layout.planes(original), strict=True)
    for plane, source in planes:
        plane[...] = source.mean(dtype=np.float64)
    return empty


def _blurred(subject: Subject, original: Row) -> Row:
    blurred = np.empty_like(original)
    sigma = BLUR * subject.manifest.input.width
    planes = zip(subject.layout.planes(blurred), subject.layout.planes(original), strict=True)
    for plane, source in planes:
        plane[...] = cv2.GaussianBlur(np.ascontiguousarray(source), (0, 0), max(sigma, 0.1))
    return blurred
