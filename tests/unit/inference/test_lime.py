"""LIME over a real runtime whose network is linear in the pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.domain.frames import Frame
from dropsight.ports import Attribution
from dropsight_inference.explainers.perturbations import sobol_masks
from tests.unit.inference.conftest import MakeEngine

pytestmark = pytest.mark.unit

SIDE = 16
LEVELS = np.array([[40, 90], [140, 220]], np.uint8)
"""Four quadrants of one grey each, which SLIC finds."""
QUADRANTS = np.kron(LEVELS, np.ones((SIDE // 2, SIDE // 2), np.uint8))
EXACT: dict[str, Any] = {"samples": 17, "segments": 4, "fill": 0.0, "ridge": 1e-9}


def _frame(pixels: np.ndarray[Any, Any], box: tuple[float, float, float, float]) -> Frame:
    return Frame(pixels[None, ..., None], 100, 100, box)


WHOLE = _frame(QUADRANTS, (0, 0, SIDE, SIDE))


def _weights() -> np.ndarray[Any, Any]:
    """Each pixel of a quadrant counts the same: +2, -1, 0 and +0.5 for a full quadrant of white."""
    full = np.array([[2.0, -1.0], [0.0, 0.5]], np.float32) / (SIDE // 2) ** 2
    first = np.kron(full, np.ones((SIDE // 2, SIDE // 2), np.float32))
    return np.stack([first, -first])


def _at_quadrants(heatmap: np.ndarray[Any, Any]) -> list[float]:
    return [float(heatmap[y, x]) for y in (4, 12) for x in (4, 12)]


def test_the_weights_of_a_linear_model_are_recovered(make_engine: MakeEngine) -> None:
    engine = make_engine(_weights())

    one, two = engine.explain("toy", WHOLE, "lime", ["one", "two"], 0, EXACT)

    # Blackening a quadrant takes its grey (40, 90, 140, 220 of 255) times its weight away.
    shares = np.array([2.0 * 40, -1.0 * 90, 0.0, 0.5 * 220]) / 255
    assert sorted(one.parameters["weights"]) == pytest.approx(sorted(shares), abs=1e-5)
    assert sorted(two.parameters["weights"]) == pytest.approx(sorted(-shares), abs=1e-5)
    assert one.fidelity["r2"] == pytest.approx(1.0, abs=1e-9)
    # The heatmap has the positive ones, on their quadrants.
    assert _at_quadrants(one.heatmap) == pytest.approx([80 / 255, 0, 0, 110 / 255], abs=1e-5)
    assert _at_quadrants(two.heatmap) == pytest.approx([0, 90 / 255, 0, 0], abs=1e-5)
    assert one.parameters["maximum"] == pytest.approx(110 / 255, abs=1e-5)
    assert one.parameters["top"][0]["box"] == [8, 8, 8, 8]
    assert one.parameters["intercept"] == pytest.approx(0.0, abs=1e-5)


def test_one_set_of_forwards_answers_for_all_labels_first_of_them_or_alone(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(_weights())

    both = engine.explain("toy", WHOLE, "lime", ["two", "one"], 0, EXACT)
    alone = engine.explain("toy", WHOLE, "lime", ["one"], 0, EXACT)

    assert [found.label for found in both] == ["two", "one"]
    np.testing.assert_allclose(both[1].heatmap, alone[0].heatmap, atol=1e-6)


def _bytes(found: Attribution) -> tuple[bytes, str]:
    return found.heatmap.tobytes(), repr((found.parameters, found.seed, found.fidelity))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_design(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(np.random.default_rng(0).normal(size=(2, SIDE, SIDE)).astype(np.float32))
    pixels = np.random.default_rng(1).integers(0, 256, (4, 4), np.uint8)
    frame = _frame(np.kron(pixels, np.ones((4, 4), np.uint8)), (0, 0, SIDE, SIDE))

    def ask(seed: int) -> list[Attribution]:
        return engine.explain(
            "toy", frame, "lime", ["one", "two"], 0, {"samples": 65, "seed": seed, "segments": 16}
        )

    first, again, other = ask(5), ask(5), ask(6)

    assert [_bytes(found) for found in first] == [_bytes(found) for found in again]
    assert first[0].heatmap.tobytes() != other[0].heatmap.tobytes()
    assert (first[0].seed, other[0].seed) == (5, 6)


def test_padding_of_a_letterbox_is_no_superpixel(make_engine: MakeEngine) -> None:
    engine = make_engine(np.ones((1, SIDE, SIDE), np.float32))
    pixels = QUADRANTS.copy()
    pixels[:4], pixels[12:] = 0, 0

    (found,) = engine.explain("toy", _frame(pixels, (0, 4, SIDE, 8)), "lime", ["one"], 0, EXACT)

    assert found.heatmap[:4].max() == 0
    assert found.heatmap[12:].max() == 0
    assert found.heatmap[4:12].min() > 0


@pytest.mark.parametrize(
    ("fill", "hidden"), [("superpixel-mean", [40, 90, 140, 220]), ("image-mean", [122.5] * 4)]
)
def test_hidden_superpixels_become_the_mean_that_was_asked_for(
    make_engine: MakeEngine, fill: str, hidden: list[float]
) -> None:
    engine = make_engine(_weights())

    (found,) = engine.explain("toy", WHOLE, "lime", ["one"], 0, {**EXACT, "fill": fill})

    change = (np.array([40, 90, 140, 220]) - hidden) / 255 * [2.0, -1.0, 0.0, 0.5]
    assert sorted(found.parameters["weights"]) == pytest.approx(sorted(change), abs=1e-5)


def test_colour_in_either_layout_gives_the_same_answer(make_engine: MakeEngine) -> None:
    pixels = np.repeat(QUADRANTS[None, ..., None], 3, axis=3)
    frame = Frame(pixels, 100, 100, (0, 0, SIDE, SIDE))
    found = {
        layout: make_engine(_weights(), channels=3, layout=layout).explain(
            "toy", frame, "lime", ["one"], 0, EXACT
        )[0]
        for layout in ("NCHW", "NHWC")
    }

    np.testing.assert_allclose(found["NCHW"].heatmap, found["NHWC"].heatmap, atol=1e-6)
    assert _at_quadrants(found["NCHW"].heatmap) == pytest.approx(
        [80 / 255, 0, 0, 110 / 255], abs=1e-5
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sample": 100}, "unknown field `sample`"),
        ({"samples": 3}, r"Expected `int` >= 9 - at `\$.samples`"),
        ({"fill": "pink"}, r"Invalid enum value 'pink' - at `\$.fill`"),
        ({"samples": 9, "segments": 100}, "can tell 4 superpixels apart; this image has"),
    ],
)
def test_parameters_are_checked_by_name(
    make_engine: MakeEngine, parameters: dict[str, Any], message: str
) -> None:
    engine = make_engine(_weights())
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)

    with pytest.raises(ExplanationUnavailable, match=message):
        engine.explain("toy", _frame(noise, (0, 0, SIDE, SIDE)), "lime", ["one"], 0, parameters)


def test_masks_are_balanced_and_no_two_superpixels_are_always_hidden_together() -> None:
    masks = sobol_masks(100, 257, seed=3)

    assert masks.shape == (257, 100)
    assert masks[0].all()
    assert masks[1:].sum(axis=0).tolist() == [128] * 100
    signs = np.where(masks[1:], 1, -1)
    products = signs.T @ signs
    np.testing.assert_array_equal(products, 256 * np.eye(100, dtype=int))
