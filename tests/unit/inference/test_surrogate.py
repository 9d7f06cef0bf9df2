"""The regression behind LIME, on numbers that can be checked on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dropsight_inference.explainers.surrogate import fit, locality

pytestmark = pytest.mark.unit

EVERY_PAIR = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], np.bool_)


def test_a_linear_score_is_recovered() -> None:
    scores = 5.0 + EVERY_PAIR @ np.array([[2.0, 1.0], [-3.0, 0.0]])

    found = fit(EVERY_PAIR, scores, np.ones(4), ridge=1e-9)

    np.testing.assert_allclose(found.weights, [[2.0, 1.0], [-3.0, 0.0]], atol=1e-7)
    np.testing.assert_allclose(found.intercept, [5.0, 5.0], atol=1e-7)
    np.testing.assert_allclose(found.r2, [1.0, 1.0], atol=1e-9)


def test_the_ridge_shrinks_by_its_share() -> None:
    # Each centred column is +-1/2 four times, so its sum of squares is 1: a ridge of 1 halves
    # every weight, and half of the slope leaves a quarter of the variance.
    scores = EVERY_PAIR @ np.array([[4.0], [0.0]])

    found = fit(EVERY_PAIR, scores, np.ones(4), ridge=1.0)

    np.testing.assert_allclose(found.weights, [[2.0], [0.0]], atol=1e-12)
    np.testing.assert_allclose(found.intercept, [1.0])  # mean 2 - 2 * mean of the mask 1/2
    np.testing.assert_allclose(found.r2, [0.75])


def test_heavier_samples_count_for_more() -> None:
    # One superpixel; kept it scores 0 (weight 1) or 3 (weight 2), hidden 0 (weight 1).
    masks = np.array([[1], [1], [0]], np.bool_)

    found = fit(masks, np.array([[0.0], [3.0], [0.0]]), np.array([1.0, 2.0, 1.0]), ridge=1e-9)

    np.testing.assert_allclose(found.weights, [[2.0]], atol=1e-6)  # (0 + 2 * 3) / 3


def test_a_score_that_never_varies_has_no_r2() -> None:
    found = fit(EVERY_PAIR, np.full((4, 1), 7.0), np.ones(4), ridge=1.0)

    assert found.weights.tolist() == [[0.0], [0.0]]
    assert math.isnan(found.r2[0])


def test_the_kernel_is_that_of_the_lime_package() -> None:
    masks = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]], np.bool_)

    # Cosine distances 0, 1 - sqrt(1/4) = 1/2 and 1; sqrt(exp(-d^2 / 0.25^2)) = exp(-8 d^2).
    assert locality(masks, 0.25).tolist() == pytest.approx([1.0, math.exp(-2), math.exp(-8)])
