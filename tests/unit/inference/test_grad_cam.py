"""Grad-CAM from exported activations, on maps of 2 x 2 and 4 x 4."""

from __future__ import annotations

import numpy as np
import pytest

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.domain.frames import Frame
from tests.unit.inference.conftest import MakeEngine

pytestmark = pytest.mark.unit

WHITE = Frame(np.full((1, 4, 4, 1), 255, np.uint8), 40, 40, (0, 0, 4, 4))


def test_what_speaks_against_a_label_is_not_shown(make_engine: MakeEngine) -> None:
    # On a white image each activation is its weight.
    weights = np.array([[[1, -2, 0, 3], [0, 0, 0, 0], [-1, 4, 0, 0], [0, 0, 0, -5]]], np.float32)

    (found,) = make_engine(weights).explain("toy", WHITE, "grad-cam", ["one"], 0, {})

    assert found.heatmap.tolist() == [[1, 0, 0, 3], [0, 0, 0, 0], [0, 4, 0, 0], [0, 0, 0, 0]]
    assert found.heatmap.dtype == np.float32
    assert found.parameters == {"grid": [4, 4], "maximum": 4.0}
    assert found.seed is None


def test_a_coarse_map_is_stretched_between_the_centres_of_its_cells(
    make_engine: MakeEngine,
) -> None:
    # Four cells of 2 x 2 pixels with means 0, 4 over 8, -4.
    weights = np.kron(np.array([[0, 4], [8, -4]], np.float32), np.ones((2, 2), np.float32))[None]

    (found,) = make_engine(weights, pool=2).explain("toy", WHITE, "grad-cam", ["one"], 0, {})

    # After ReLU 0, 4 over 8, 0. Pixel centres lie at -1/4, 1/4, 3/4, 5/4 between the cells.
    assert found.heatmap.tolist() == [
        [0.0, 1.0, 3.0, 4.0],
        [2.0, 2.25, 2.75, 3.0],
        [6.0, 4.75, 2.25, 1.0],
        [8.0, 6.0, 2.0, 0.0],
    ]


def test_one_forward_pass_gives_every_label_its_own_map(make_engine: MakeEngine) -> None:
    weights = np.zeros((3, 4, 4), np.float32)
    for label in range(3):
        weights[label, label, label] = 1.0

    found = make_engine(weights).explain("toy", WHITE, "grad-cam", ["three", "one"], 0, {})

    assert [one.label for one in found] == ["three", "one"]
    assert [np.argmax(one.heatmap) for one in found] == [10, 0]


def test_a_model_without_maps_says_which_method_it_can_answer(make_engine: MakeEngine) -> None:
    engine = make_engine(
        np.ones((1, 4, 4), np.float32),
        changes={"outputs": {"logits": "logits"}, "explanations": []},
    )

    with pytest.raises(ExplanationUnavailable, match="exports no class activation maps"):
        engine.explain("toy", WHITE, "grad-cam", ["one"], 0, {})


def test_it_takes_no_parameters(make_engine: MakeEngine) -> None:
    engine = make_engine(np.ones((1, 4, 4), np.float32))

    with pytest.raises(ExplanationUnavailable, match=r"parameters of grad-cam: .*`layer`"):
        engine.explain("toy", WHITE, "grad-cam", ["one"], 0, {"layer": "last"})
