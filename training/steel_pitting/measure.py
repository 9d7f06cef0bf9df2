"""What findings are worth against the truth: matches, average precision, shares of pixels.

Average precision is that of PASCAL VOC since 2010: findings of all pictures in falling order of
their score; each takes the free defect of its picture that it overlaps most, and is right if that
IoU is at least 0.5; precision is made falling from the right; AP is the area below it by recall.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.domain.results import Finding
from dropsight.domain.rle import decode_mask
from dropsight.domain.suppression import intersection_over_union

from .data import Mask, Picture, box_of

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

OVERLAP = 0.5
TOUCH = 0.1
RESAMPLES = 2000


@dataclass(frozen=True)
class Comparison:
    """One picture: n findings in falling order of score against m defects."""

    group: str
    scores: Values
    box_hits: Flags
    """(n,) Whether the box is right."""
    mask_hits: Flags
    touches: Flags
    """(n,) Whether the mask and some defect have an IoU of at least 0.1."""
    areas: Values
    """(m,) Of the defects, source pixels."""
    box_scores: Values
    """(m,) Score of the finding that found each defect by its box; -1 where none did."""
    touch_scores: Values
    """(m,) The highest score of a mask with an IoU of at least 0.1."""


def match(overlaps: Values, least: float) -> npt.NDArray[np.intp]:
    """Which defect each finding takes, -1 for none. overlaps: IoU (n, m), strongest finding first.

    A finding takes the free defect that it overlaps most, if that is `least` or more.
    """
    free = overlaps.copy()
    taken = np.full(len(overlaps), -1, np.intp)
    for finding in range(len(overlaps)):
        best = int(free[finding].argmax()) if free.shape[1] else -1
        if best >= 0 and free[finding, best] >= least:
            taken[finding] = best
            free[:, best] = -1.0
    return taken


def mask_overlaps(found: Sequence[Mask], truths: Sequence[Mask]) -> Values:
    """IoU (n, m) of masks of one size."""
    ious = np.zeros((len(found), len(truths)))
    for i, one in enumerate(found):
        for j, other in enumerate(truths):
            both = int(np.count_nonzero(one & other))
            either = int(np.count_nonzero(one | other))
            ious[i, j] = both / max(either, 1)
    return ious


def compare(picture: Picture, findings: Sequence[Finding]) -> Comparison:
    """Match what was found in a picture with what is there."""
    ordered = sorted(findings, key=lambda one: -(one.score or 0.0))
    scores = np.array([one.score or 0.0 for one in ordered])
    masks = [decode_mask(one.mask or {}) for one in ordered]
    corners = np.array([box_of(mask) for mask in picture.masks], np.float64).reshape(-1, 4)
    boxes = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    by_box = np.array(
        [intersection_over_union(np.array(one.box), boxes) for one in ordered]
    ).reshape(len(ordered), len(boxes))
    by_mask = mask_overlaps(masks, picture.masks)
    taken = match(by_box, OVERLAP)
    found = np.full(len(boxes), -1.0)
    found[taken[taken >= 0]] = scores[taken >= 0]
    touched = np.where(by_mask >= TOUCH, scores[:, None], -1.0).max(axis=0, initial=-1.0)
    return Comparison(
        group=picture.group,
        scores=scores,
        box_hits=taken >= 0,
        mask_hits=match(by_mask, OVERLAP) >= 0,
        touches=by_mask.max(axis=1, initial=0.0) >= TOUCH,
        areas=np.array([mask.sum() for mask in picture.masks], np.float64),
        box_scores=found,
        touch_scores=touched,
    )


def average_precision(scores: Values, hits: Flags, truths: float, weights: Values) -> float:
    """Area below precision by recall; see the top of this file.

    truths: how many defects there are. weights: of each finding, 1 where all count alike; truths
    then is the sum of the weights of all defects.
    """
    if truths == 0 or not len(scores):
        return 0.0
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(np.where(hits, weights, 0.0)[order])
    precision = right / np.cumsum(weights[order])
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], right / truths]))
    return float((falling * steps).sum())


def precision_and_recall(scores: Values, hits: Flags, truths: int) -> tuple[Values, Values]:
    """Both after each finding, strongest first."""
    right = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    return right / np.arange(1, len(right) + 1), right / max(truths, 1)


def ap_of(
    comparisons: Sequence[Comparison], by: str, weights: Sequence[float] | None = None
) -> float:
    """AP of boxes (`by` is "box") or masks ("mask"); weights: of each picture."""
    each = weights if weights is not None else [1.0] * len(comparisons)
    hits = [one.box_hits if by == "box" else one.mask_hits for one in comparisons]
    return average_precision(
        np.concatenate([one.scores for one in comparisons]),
        np.concatenate(hits),
        sum(weight * len(one.areas) for one, weight in zip(comparisons, each, strict=True)),
        np.concatenate(
            [np.full(len(x.scores), weight) for x, weight in zip(comparisons, each, strict=True)]
        ),
    )


def f1_threshold(comparisons: Sequence[Comparison], weights: Sequence[float]) -> float:
    """The score at which boxes have the highest F1, half-way down to the next lower score."""
    scores = np.concatenate([one.scores for one in comparisons])
    hits = np.concatenate([one.box_hits for one in comparisons])
    each = np.concatenate(
        [np.full(len(x.scores), weight) for x, weight in zip(comparisons, weights, strict=True)]
    )
    truths = sum(weight * len(x.areas) for x, weight in zip(comparisons, weights, strict=True))
    if not len(scores):
        return 0.5
    order = np.argsort(-scores, kind="stable")
    right, all_found = np.cumsum(np.where(hits, each, 0.0)[order]), np.cumsum(each[order])
    best = int((2 * right / (all_found + truths)).argmax())
    ranked = np.append(scores[order], 0.0)
    return float((ranked[best] + ranked[best + 1]) / 2)


def pixel_counts(
    picture: Picture, findings: Sequence[Finding], threshold: float
) -> tuple[int, int, int]:
    """Pixels of defects that were found, that were called defect, and that are."""
    called = np.zeros(picture.pixels.shape[:2], bool)
    for one in findings:
        if (one.score or 0.0) >= threshold:
            called |= decode_mask(one.mask or {})
    truth = np.any(picture.masks, axis=0) if picture.masks else np.zeros_like(called)
    return int((called & truth).sum()), int(called.sum()), int(truth.sum())


def interval(
    groups: Sequence[str], figure: Callable[[npt.NDArray[np.intp]], float], seed: int = 0
) -> tuple[float, float]:
    """95 % bootstrap interval; groups, not pictures, are drawn with replacement.

    figure: of the positions of the pictures drawn.
    """
    of_group = defaultdict(list)
    for position, group in enumerate(groups):
        of_group[group].append(position)
    members = [np.array(positions) for positions in of_group.values()]
    random = np.random.default_rng(seed)
    values = [
        figure(
            np.concatenate([members[i] for i in random.integers(len(members), size=len(members))])
        )
        for _ in range(RESAMPLES)
    ]
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))
