"""Deletion and insertion curves of a network whose probability is known at every step."""

from __future__ import annotations

import numpy as np
import pytest

from dropsight.domain.frames import Frame
from tests.unit.inference.conftest import MakeEngine

pytestmark = pytest.mark.unit


def test_both_curves_of_a_heatmap_that_is_right(make_engine: MakeEngine) -> None:
    # Only the top row counts, and it is the only bright one.
    pixels = np.zeros((1, 8, 8, 1), np.uint8)
    pixels[0, 0] = 255
    frame = Frame(pixels, 8, 8, (0, 0, 8, 8))
    weights = np.zeros((1, 8, 8), np.float32)
    weights[0, 0] = 1.0
    engine = make_engine(weights, bias=[-4.0])

    (found,) = engine.explain("toy", frame, "grad-cam", ["one"], 0, {})

    # The whole image: sigmoid(8 - 4) = 0.982. With the top row (an eighth of the pixels, two of
    # sixteen steps) at the image's mean of 1/8: sigmoid(1 - 4) = 0.047, and so until the end.
    high, low = 1 / (1 + np.exp(-4.0)), 1 / (1 + np.exp(3.0))
    middle = 1 / (1 + np.exp(-(4 + 4 / 8 - 4)))  # half of the row deleted: 4 * 1 + 4 / 8 left
    curve = [high, middle] + [low] * 15
    assert found.fidelity["deletion"] == pytest.approx(np.trapezoid(curve, dx=1 / 16), abs=1e-6)
    # Insertion: once the top row is back (after two steps) the probability is high.
    assert found.fidelity["insertion"] > (14 / 16) * high
    assert found.fidelity["insertion"] <= high
