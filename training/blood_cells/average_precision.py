"""Average precision as COCO defines it: greedy matching, 101 recall points.

For one label and one IoU threshold: the detections of all pictures in order of falling score; each
takes the free labelled box of its picture with the highest IoU, if that reaches the threshold, and
is right; otherwise it is wrong. Precision at a recall is the highest precision at that recall or a
higher one; the average is over the recalls 0, 0.01, ... 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.domain.suppression import intersection_over_union

MOST = 300
"""Detections counted for each picture and label, the strongest."""
IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Matches:
    """One label in one picture.

    scores  (n,) falling
    right   bool (thresholds, n)
    truths  how many labelled boxes there are
    """

    scores: Array
    right: npt.NDArray[np.bool_]
    truths: int


def match(boxes: Array, scores: Array, truths: Array, ious: Sequence[float] = IOUS) -> Matches:
    """Boxes and truths: (n, 4) x, y, width, height; scores (n,)."""
    order = np.argsort(-scores, kind="stable")[:MOST]
    right = np.zeros((len(ious), len(order)), np.bool_)
    table = np.array([intersection_over_union(boxes[at], truths) for at in order])
    table = table.reshape(len(order), len(truths))
    for row, least in enumerate(ious):
        free = np.ones(len(truths), np.bool_)
        for place, overlaps in enumerate(table):
            open_ones = np.where(free, overlaps, -1.0)
            if open_ones.size and open_ones.max() >= least:
                free[open_ones.argmax()] = False
                right[row, place] = True
    return Matches(scores[order], right, len(truths))


@dataclass(frozen=True)
class Curve:
    """Precision and recall after each detection, in order of falling score."""

    scores: Array
    precision: Array
    recall: Array

    def average(self) -> float:
        """Over 101 recalls; 0 where nothing was found."""
        if not self.scores.size:
            return 0.0
        envelope = np.maximum.accumulate(self.precision[::-1])[::-1]
        # A hair below each point: 1/3 of three objects is the recall 0.333..., not 0.33.
        at = np.searchsorted(self.recall, np.linspace(0, 1, 101) - 1e-12)
        reached = at < len(envelope)
        return float(np.where(reached, envelope[np.minimum(at, len(envelope) - 1)], 0.0).mean())


def curve(pictures: Sequence[Matches], threshold: int = 0) -> Curve:
    """`threshold` is a position in the IoUs that were matched at. NaN recall without truths."""
    scores = np.concatenate([one.scores for one in pictures])
    order = np.argsort(-scores, kind="stable")
    right = np.concatenate([one.right[threshold] for one in pictures])[order]
    hits = np.cumsum(right)
    truths = sum(one.truths for one in pictures)
    return Curve(
        scores[order],
        hits / np.arange(1, len(hits) + 1),
        hits / truths if truths else np.full(len(hits), np.nan),
    )


def average_precision(pictures: Sequence[Matches], threshold: int = 0) -> float:
    """At one IoU. NaN where no object is labelled."""
    if not any(one.truths for one in pictures):
        return float("nan")
    return curve(pictures, threshold).average()


def mean_over_ious(pictures: Sequence[Matches]) -> float:
    """mAP@0.5:0.95 of one label."""
    return float(np.mean([average_precision(pictures, row) for row in range(len(IOUS))]))


def bootstrap(
    pictures: Sequence[Matches], resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile interval of AP at the first IoU; pictures are drawn with replacement."""
    random = np.random.default_rng(seed)
    drawn = random.integers(len(pictures), size=(resamples, len(pictures)))
    values = [average_precision([pictures[at] for at in row]) for row in drawn]
    low, high = np.nanquantile(values, (0.025, 0.975))
    return float(low), float(high)


def best_threshold(pictures: Sequence[Matches]) -> float:
    """The score with the highest F1 at the first IoU, to three decimals, rounded down.

    0.5 where nothing was found.
    """
    found = curve(pictures)
    if not found.scores.size:
        return 0.5
    truths = sum(one.truths for one in pictures)
    hits = found.recall * truths
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + truths)
    # Half-way to the next lower score: the operating point does not hang on one detection.
    best = int(np.argmax(f1))
    below = found.scores[best + 1] if best + 1 < len(f1) else found.scores[best]
    return float(np.floor((found.scores[best] + below) / 2 * 1000) / 1000)
