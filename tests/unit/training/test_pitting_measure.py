"""Average precision and what goes with it, on numbers that can be checked on paper."""

from __future__ import annotations

import numpy as np
import pytest

from dropsight.domain.results import Finding
from dropsight.domain.rle import encode_mask
from training.steel_pitting.data import Mask, Picture, separate
from training.steel_pitting.measure import (
    Comparison,
    ap_of,
    average_precision,
    compare,
    f1_threshold,
    interval,
    match,
    pixel_counts,
)

pytestmark = pytest.mark.unit


def _block(left: int, top: int, side: int) -> Mask:
    mask = np.zeros((20, 30), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def _picture(*masks: Mask) -> Picture:
    return Picture("p", "T1-a", b"", np.zeros((20, 30, 3), np.uint8), list(masks))


def _finding(score: float, left: int, top: int, side: int) -> Finding:
    mask = encode_mask(np.ones((side, side), bool), (20, 30), (left, top))
    box = [float(left), float(top), float(side), float(side)]
    return Finding(label="pitting", probability=score, score=score, box=box, mask=mask)


def _ap(scores: list[float], hits: list[bool], truths: float, weights: list[float]) -> float:
    return average_precision(np.array(scores), np.array(hits), truths, np.array(weights))


def test_average_precision_is_the_area_below_the_falling_curve():
    # Right, wrong, right, wrong, of 3 defects. Precision after each: 1, 1/2, 2/3, 1/2; recall 1/3,
    # 1/3, 2/3, 2/3. Made falling it is 1 up to a third, 2/3 up to two thirds, then nothing.
    ap = _ap([0.9, 0.8, 0.7, 0.6], [True, False, True, False], 3, [1, 1, 1, 1])

    assert ap == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)


def test_the_order_of_the_findings_does_not_matter_only_their_scores():
    assert _ap([0.6, 0.9], [False, True], 1, [1, 1]) == 1.0
    assert _ap([0.9, 0.6], [False, True], 1, [1, 1]) == 0.5


def test_nothing_found_is_zero():
    assert _ap([], [], 2, []) == 0.0


def test_a_picture_of_half_the_weight_counts_half():
    # A wrong finding of weight 1/2 before a right one of weight 1: precision 1 / 1.5.
    assert _ap([0.9, 0.8], [False, True], 1.0, [0.5, 1.0]) == pytest.approx(2 / 3)


def test_each_finding_takes_the_free_defect_that_it_overlaps_most():
    overlaps = np.array([[0.6, 0.7], [0.8, 0.75], [0.9, 0.9], [0.4, 0.4]])

    assert match(overlaps, 0.5).tolist() == [1, 0, -1, -1]


def test_a_defect_found_twice_is_one_hit_and_one_mistake():
    compared = compare(_picture(_block(2, 2, 6)), [_finding(0.5, 2, 2, 6), _finding(0.9, 2, 2, 5)])

    # 25 / 36 of the stronger one is enough; the exact one comes second and finds nothing free.
    assert compared.scores.tolist() == [0.9, 0.5]
    assert compared.box_hits.tolist() == [True, False]
    assert compared.mask_hits.tolist() == [True, False]
    assert compared.box_scores.tolist() == [0.9]


def test_a_box_beside_the_defect_touches_but_does_not_hit():
    # 2 x 6 of two 6 x 6 blocks in common: 12 / 60 = 0.2.
    compared = compare(_picture(_block(2, 2, 6)), [_finding(0.9, 6, 2, 6)])

    assert compared.box_hits.tolist() == [False]
    assert compared.touches.tolist() == [True]
    assert compared.touch_scores.tolist() == [0.9]
    assert compared.box_scores.tolist() == [-1.0]


def test_pictures_are_ranked_together():
    right = compare(_picture(_block(2, 2, 6)), [_finding(0.6, 2, 2, 6)])
    wrong = compare(_picture(_block(2, 2, 6)), [_finding(0.8, 20, 10, 6)])

    # Wrong before right: precision 1/2 at a recall of 1/2.
    assert ap_of([right, wrong], "box") == pytest.approx(0.25)
    assert ap_of([right], "mask") == 1.0


def test_the_threshold_lies_half_way_below_the_last_finding_worth_having():
    compared = compare(
        _picture(_block(2, 2, 6), _block(20, 10, 6)),
        [_finding(0.9, 2, 2, 6), _finding(0.7, 20, 10, 6), _finding(0.4, 10, 2, 6)],
    )

    assert f1_threshold([compared], [1.0]) == pytest.approx(0.55)


def test_pixels_below_the_threshold_are_not_called():
    picture = _picture(_block(2, 2, 6))
    findings = [_finding(0.9, 2, 2, 3), _finding(0.2, 20, 10, 6)]

    assert pixel_counts(picture, findings, 0.5) == (9, 9, 36)
    assert pixel_counts(picture, findings, 0.1) == (9, 45, 36)


def test_an_interval_of_one_group_has_no_width():
    assert interval(["a", "a"], lambda chosen: float(len(chosen))) == (2.0, 2.0)


def test_an_interval_reaches_from_the_worst_group_to_the_best():
    values = np.array([0.0, 1.0])

    assert interval(["a", "b"], lambda chosen: float(values[chosen].mean())) == (0.0, 1.0)


def test_parts_that_do_not_touch_are_defects_of_their_own():
    both = _block(2, 2, 3) | _block(5, 5, 3) | _block(20, 2, 2)

    # The first two meet at a corner, and are one.
    assert sorted(int(mask.sum()) for mask in separate(both)) == [4, 18]


def test_a_picture_without_findings_still_counts_its_defects():
    empty: Comparison = compare(_picture(_block(2, 2, 6)), [])

    assert empty.areas.tolist() == [36.0]
    assert empty.box_scores.tolist() == [-1.0]
    assert ap_of([empty], "mask") == 0.0
