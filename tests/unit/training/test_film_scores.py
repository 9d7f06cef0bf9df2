import importlib.util

import numpy as np
import pytest

from tests.requirements_check import require

require(
    importlib.util.find_spec("sklearn"),
    "scikit-learn is not installed (requirements/training.txt)",
    whole_module=True,
)

from training.cxr_keras_lime.calibrate import fit, softmax  # noqa: E402
from training.films.scores import (  # noqa: E402
    expected_calibration_error,
    operating_point,
    patient_interval,
)

pytestmark = pytest.mark.unit


def test_the_operating_point_makes_sensitivity_and_specificity_equal():
    probability = np.array([0.1, 0.2, 0.3, 0.6, 0.4, 0.7, 0.8, 0.9], np.float32)
    target = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.float32)

    # From 0.6 up: 3 of 4 positives are called, and 1 of 4 negatives.
    assert operating_point(probability, target) == pytest.approx(0.6)


def test_the_calibration_error_is_the_gap_between_probability_and_frequency():
    probability = np.array([0.75, 0.75, 0.75, 0.75], np.float32)

    assert expected_calibration_error(probability, np.array([1, 1, 1, 0], np.float32)) == 0.0
    assert expected_calibration_error(probability, np.array([1, 0, 0, 0], np.float32)) == 0.5


def test_an_interval_over_one_patient_is_a_point():
    low, high = patient_interval(["a", "a", "a"], lambda drawn: float(len(drawn)))

    assert (low, high) == (3.0, 3.0)


def test_an_interval_draws_patients_whole_and_again_where_they_cannot_be_scored():
    # Two patients of 1 and 3 films: 2, 4 or 6 films are drawn; 4 is refused.
    counts = patient_interval(["a", "b", "b", "b"], lambda d: None if len(d) == 4 else len(d))

    assert counts == (2.0, 6.0)


def test_calibration_finds_the_temperature_and_the_offsets_that_were_put_in():
    random = np.random.default_rng(0)
    honest = random.normal(0, 2, (20_000, 3))
    honest -= honest.mean(1, keepdims=True)
    up_to = softmax(honest).cumsum(1)[:, :2]
    drawn = (random.random((20_000, 1)) > up_to).sum(1)
    wrong = 2.0 * honest - np.array([0.0, 0.5, -0.5])

    found = fit(wrong.astype(np.float32), np.eye(3, dtype=np.float32)[drawn])

    # probability = softmax((logits + offset) / 2) undoes both.
    assert found.temperature == pytest.approx(2.0, abs=0.1)
    assert found.offset == pytest.approx((0.0, 0.5, -0.5), abs=0.1)
