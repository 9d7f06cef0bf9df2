"""Average precision on detections whose curve can be drawn by hand."""

import numpy as np
import pytest

from training.blood_cells.average_precision import (
    Matches,
    average_precision,
    best_threshold,
    bootstrap,
    curve,
    match,
)

pytestmark = pytest.mark.unit

BOX = [0.0, 0.0, 10.0, 10.0]
FAR = [50.0, 50.0, 10.0, 10.0]


def picture(scores: list[float], right: list[bool], truths: int) -> Matches:
    return Matches(np.array(scores), np.array([right]), truths)


def test_all_objects_found_and_nothing_else_is_one():
    assert average_precision([picture([0.9, 0.8], [True, True], 2)]) == 1.0


def test_half_of_the_objects_found_reaches_51_of_101_recalls():
    # Precision 1 up to recall 0.5 (0, 0.01, ... 0.50: 51 points), then nothing.
    assert average_precision([picture([0.9], [True], 2)]) == pytest.approx(51 / 101)


def test_a_wrong_box_between_two_right_ones_costs_precision_beyond_the_first():
    # Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1: 51 points at 1 and 50 at 2/3.
    three = picture([0.9, 0.8, 0.7], [True, False, True], 2)
    assert average_precision([three]) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_detections_of_all_pictures_are_ranked_together():
    pictures = [picture([0.9, 0.7], [True, True], 2), picture([0.8], [False], 0)]
    assert curve(pictures).precision.tolist() == [1.0, 1 / 2, 2 / 3]


def test_without_labelled_objects_there_is_no_number():
    assert np.isnan(average_precision([picture([0.9], [False], 0)]))


def test_nothing_found_is_zero():
    assert average_precision([picture([], [], 3)]) == 0.0


def test_the_second_box_on_one_object_is_wrong():
    found = match(np.array([BOX, BOX]), np.array([0.6, 0.9]), np.array([BOX]), (0.5,))
    assert found.scores.tolist() == [0.9, 0.6]
    assert found.right.tolist() == [[True, False]]


def test_a_box_is_right_from_the_threshold_on():
    # Shifted by 2 of 10: intersection 80, union 120, IoU 2/3.
    shifted = np.array([[2.0, 0.0, 10.0, 10.0]])
    found = match(shifted, np.array([0.9]), np.array([BOX, FAR]), (0.5, 0.65, 0.7))
    assert found.right.tolist() == [[True], [True], [False]]
    assert found.truths == 2


def test_a_box_takes_a_free_object_where_its_best_one_is_taken():
    # The objects overlap with IoU 1/3; the second box fits the first object best (IoU 1), which is
    # taken, and the other one enough for a threshold of 0.3.
    truths = np.array([BOX, [5.0, 0.0, 10.0, 10.0]])
    found = match(np.array([BOX, BOX]), np.array([0.9, 0.8]), truths, (0.3,))
    assert found.right.tolist() == [[True, True]]


def test_the_operating_point_lies_half_way_below_the_last_score_that_helps():
    # F1 after each: 2/3, 1, 4/5. The best is after 0.8; half-way to 0.3 is 0.55.
    three = picture([0.9, 0.8, 0.3], [True, True, False], 2)
    assert best_threshold([three]) == pytest.approx(0.55)


def test_pictures_that_are_all_alike_have_an_interval_without_width():
    low, high = bootstrap([picture([0.9], [True], 2)] * 3, resamples=20)
    assert low == high == pytest.approx(51 / 101)
