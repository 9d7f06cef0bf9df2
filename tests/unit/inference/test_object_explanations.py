"""Why one object was found, by detectors whose answer is known on paper.

The picture is 96 x 96 at grey 204 of 255, intensity 0.8. Two objects of 24 x 24: the first at
(36, 36), driven by the upper half of its own box; the second at (4, 4), driven by its whole box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.domain.frames import Frame
from dropsight.domain.results import Finding
from dropsight.domain.wire import replace as changed
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.explainers.values import ObjectQuestion
from dropsight_inference.metrics import Metrics
from dropsight_inference.runtimes import Outputs
from tests.object_networks import SIDE, region_detector
from tests.toy_objects import write_objects_bundle

pytestmark = pytest.mark.unit

BOXES = [(36, 36, 60, 60), (4, 4, 28, 28)]
REGIONS = [(36, 36, 60, 48), (4, 4, 28, 28)]
GREY = np.full((1, SIDE, SIDE, 1), 204, np.uint8)
FRAME = Frame(GREY, SIDE, SIDE, (0.0, 0.0, SIDE, SIDE))
DARK: dict[str, Any] = {"samples": 65, "segments": 16, "fill": 0.0, "ridge": 1e-9}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    folder = write_objects_bundle(
        tmp_path / "toy", region_detector(BOXES, REGIONS), SIDE, "detection"
    )
    made = Engine({"toy": load_model(folder, 1)}, 8, 5.0, Metrics())
    yield made
    made.close()


def _found(engine: Engine, frame: Frame = FRAME) -> list[Finding]:
    return sorted(engine.predict("toy", frame).findings, key=lambda one: -(one.box or [0.0])[0])


def test_lime_lights_the_part_that_drives_the_score_and_nothing_else(engine: Engine) -> None:
    middle, _ = _found(engine)
    assert (middle.label, middle.box) == ("white", [36, 36, 24, 24])
    assert middle.score == pytest.approx(0.8, abs=1e-5)

    answer = engine.explain_object("toy", FRAME, "lime", middle, DARK)

    # Hiding the whole region takes 0.8 away, and each superpixel the share that it holds of it.
    assert answer.label == "white"
    assert answer.parameters["intercept"] == pytest.approx(0.0, abs=1e-5)
    assert sum(answer.parameters["weights"]) == pytest.approx(0.8, abs=1e-4)
    assert answer.fidelity["r2"] == pytest.approx(1.0, abs=1e-9)
    inside = answer.heatmap[36:48, 36:60]
    assert inside.min() > 0.0
    for weight in {round(float(one), 5) for one in answer.heatmap[answer.heatmap > 1e-4]}:
        # Superpixels of one weight each hold that weight's share of the region, and none holds 0.
        superpixels = np.isclose(inside, weight, atol=1e-5).sum() / (weight / 0.8 * inside.size)
        assert round(superpixels) >= 1
        assert superpixels == pytest.approx(round(superpixels), abs=0.01)
    assert answer.heatmap[:24].max() == answer.heatmap[72:].max() == 0.0  # far away


def test_fidelity_falls_with_the_part_that_counts_and_rises_with_it(engine: Engine) -> None:
    middle, _ = _found(engine)
    picture = GREY.copy()
    picture[0, 48:60, 36:60] = 26  # the lower half of the object says nothing and looks other
    frame = replace(FRAME, pixels=picture)

    answer = engine.explain_object("toy", frame, "lime", middle, DARK)

    # The mean of the neighbourhood, 48 x 48 pixels, is 182 of 255: deleted, it still scores 0.71.
    assert 0.7 < answer.fidelity["deletion"] < answer.fidelity["insertion"] <= 0.8


def test_the_same_seed_gives_the_same_bytes(engine: Engine) -> None:
    first, _ = _found(engine)

    one, two = (engine.explain_object("toy", FRAME, "lime", first, DARK) for _ in range(2))

    assert one.heatmap.tobytes() == two.heatmap.tobytes()
    assert (one.seed, one.parameters, one.fidelity) == (two.seed, two.parameters, two.fidelity)


@pytest.mark.parametrize(
    ("box", "value"),
    [
        ([36.0, 36.0, 24.0, 24.0], 0.5),  # the box itself: IoU 1, score 0.5
        ([36.0, 36.0, 24.0, 12.0], 0.25),  # half of it: IoU 1 / 2
        ([48.0, 36.0, 24.0, 24.0], 0.5 / 3),  # moved by half: IoU 1 / 3
        ([70.0, 70.0, 10.0, 10.0], 0.0),  # nothing is there
    ],
)
def test_the_value_is_the_best_of_overlap_times_score(
    tmp_path: Path, box: list[float], value: float
) -> None:
    folder = write_objects_bundle(
        tmp_path / "toy", region_detector(BOXES, REGIONS), SIDE, "detection"
    )
    model = load_model(folder, 1)
    found = Finding(label="white", probability=0.9, score=0.9, box=box)
    question = ObjectQuestion(model.manifest, FRAME, found)

    outputs = model.runtime.forward(np.full((2, 1, SIDE, SIDE), 0.5, np.float32))

    np.testing.assert_allclose(question.values(outputs), [[value]] * 2, atol=1e-6)
    red = ObjectQuestion(model.manifest, FRAME, changed(found, label="red"))
    assert red.values(outputs).tolist() == [[0.0], [0.0]]


def test_an_answer_without_any_candidate_has_the_value_0(tmp_path: Path) -> None:
    folder = write_objects_bundle(
        tmp_path / "toy", region_detector(BOXES, REGIONS), SIDE, "detection"
    )
    found = Finding(label="white", probability=0.9, score=0.9, box=[0.0, 0.0, 9.0, 9.0])
    question = ObjectQuestion(load_model(folder, 1).manifest, FRAME, found)

    empty = Outputs({"boxes": np.zeros((1, 6, 0), np.float32)})

    assert question.values(empty).tolist() == [[0.0]]


def test_boxes_are_compared_in_source_pixels_whatever_the_models_size(engine: Engine) -> None:
    # A source of 192 x 96, letterboxed: 96 x 48 pixels in the middle of the input's height.
    wide = Frame(GREY, 192, 96, (0.0, 24.0, 96.0, 48.0))
    middle, _ = _found(engine, wide)
    assert middle.box == [72, 24, 48, 48]

    answer = engine.explain_object("toy", wide, "lime", middle, DARK)

    assert answer.heatmap[40, 48] > 0.05
    assert answer.heatmap[:24].max() == 0.0  # the padding is never hidden


@pytest.mark.parametrize(
    ("method", "parameters", "sentence"),
    [
        ("grad-cam", {}, "runtime 'onnx' of model 'toy' has no gradients for objects; legal is"),
        ("lime", {"target": "log-odds"}, "legal for an object is 'probability'"),
        ("saliency", {}, "method: found 'saliency', legal are grad-cam, lime"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_can(
    engine: Engine, method: str, parameters: dict[str, Any], sentence: str
) -> None:
    first, _ = _found(engine)

    with pytest.raises(ExplanationUnavailable, match=sentence):
        engine.explain_object("toy", FRAME, method, first, parameters)
    with pytest.raises(ExplanationUnavailable, match="one object is explained by its number"):
        engine.explain("toy", FRAME, method, ["white"], 0, parameters)
