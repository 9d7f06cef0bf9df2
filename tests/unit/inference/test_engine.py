"""The engine as the pipeline sees it: one thread, predictions first, errors that say what to do."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import (
    DropsightError,
    ExplanationUnavailable,
    InferenceFailed,
    ModelUnknown,
)
from dropsight.domain.frames import Frame
from dropsight_inference.batching import Expected
from dropsight_inference.engine import Engine
from dropsight_inference.runtimes import Batch, Outputs, Runtime
from tests.unit.inference.conftest import MakeEngine

pytestmark = pytest.mark.unit

WEIGHTS = np.ones((2, 8, 8), np.float32)
FRAME = Frame(np.full((1, 8, 8, 1), 51, np.uint8), 8, 8, (0, 0, 8, 8))


class Watched:
    """A runtime that tells the sizes of its forward passes, and stops in one of them."""

    def __init__(self, runtime: Runtime, stop_at: int = -1) -> None:
        self._runtime = runtime
        self._stop_at = stop_at
        self.device = runtime.device
        self.rows: list[int] = []
        self.threads: set[int] = set()
        self.stopped, self.go_on = threading.Event(), threading.Event()

    def forward(self, batch: Batch) -> Outputs:
        if len(self.rows) == self._stop_at:
            self.stopped.set()
            self.go_on.wait(timeout=30)
        self.rows.append(len(batch))
        self.threads.add(threading.get_ident())
        return self._runtime.forward(batch)

    def close(self) -> None:
        self._runtime.close()


class Announced(Expected):
    """A request in flight that tells when its frames have been queued."""

    def __init__(self) -> None:
        self.submitted = threading.Event()

    def settle(self) -> None:
        self.submitted.set()


def _watch(engine: Engine, stop_at: int = -1) -> Watched:
    watched = Watched(engine.models["toy"].runtime, stop_at)
    object.__setattr__(engine.models["toy"], "runtime", watched)
    return watched


def test_a_prediction_says_what_it_found_and_where_the_time_went(make_engine: MakeEngine) -> None:
    engine = make_engine(WEIGHTS, bias=[0.0, -64.0])

    prediction = engine.predict("toy", FRAME)

    # 64 pixels of 51 / 255 = 0.2.
    assert [f.logit for f in prediction.findings] == pytest.approx([12.8, 12.8 - 64], rel=1e-5)
    assert [f.positive for f in prediction.findings] == [True, False]
    assert sorted(prediction.timeline) == [
        "predict.batch",
        "predict.forward",
        "predict.read_outputs",
    ]


def test_findings_of_a_multi_frame_upload_carry_their_frame(make_engine: MakeEngine) -> None:
    engine = make_engine(WEIGHTS[:1])
    pixels = np.zeros((3, 8, 8, 1), np.uint8)
    pixels[:, 0, 0, 0] = [0, 51, 255]

    found = engine.predict("toy", Frame(pixels, 8, 8, (0, 0, 8, 8))).findings

    assert [(f.frame, f.logit) for f in found] == [
        (0, 0.0),
        (1, pytest.approx(0.2)),
        (2, pytest.approx(1.0)),
    ]


def test_a_prediction_overtakes_the_chunks_of_an_explanation(make_engine: MakeEngine) -> None:
    engine = make_engine(WEIGHTS, batch_size=8)
    watched = _watch(engine, stop_at=2)
    three = Frame(np.zeros((3, 8, 8, 1), np.uint8), 8, 8, (0, 0, 8, 8))

    asked: dict[str, Any] = {"samples": 65, "segments": 4}
    explaining = threading.Thread(
        target=engine.explain, args=("toy", FRAME, "lime", ["one"], 0, asked)
    )
    explaining.start()
    watched.stopped.wait(timeout=30)  # in the third chunk of nine
    queued = Announced()
    predicting = threading.Thread(target=engine.predict, args=("toy", three, queued))
    predicting.start()
    queued.submitted.wait(timeout=30)
    watched.go_on.set()
    predicting.join()
    explaining.join()

    assert watched.rows[:5] == [8, 8, 8, 3, 8]
    assert len(watched.threads) == 1


def test_an_explanation_costs_its_samples_and_the_curves_of_its_labels(
    make_engine: MakeEngine,
) -> None:
    engine = make_engine(WEIGHTS)
    watched = _watch(engine)

    engine.explain("toy", FRAME, "lime", ["one", "two"], 0, {"samples": 65, "segments": 4})

    # 65 masks; then 3 inputs that both labels share, and 2 curves of 15 inner steps for each.
    assert sum(watched.rows) == 65 + 3 + 2 * 2 * 15


def test_warming_up_is_a_real_pass_at_both_ends_of_the_batch_size(make_engine: MakeEngine) -> None:
    engine = make_engine(WEIGHTS, batch_size=6)
    watched = _watch(engine)

    engine.warm_up()

    assert watched.rows == [1, 6]


def test_an_answer_that_is_no_number_is_refused(make_engine: MakeEngine) -> None:
    engine = make_engine(WEIGHTS, bias=[float("nan"), 0.0])

    with pytest.raises(InferenceFailed, match="found a value that is not finite"):
        engine.predict("toy", FRAME)


LIME: dict[str, Any] = {
    "model": "toy",
    "frame": FRAME,
    "method": "lime",
    "labels": ["one"],
    "frame_index": 0,
    "parameters": {},
}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": "cat"}, ModelUnknown, "found 'cat'; this container holds toy"),
        ({"method": "shap"}, ExplanationUnavailable, "found 'shap', legal are grad-cam, lime"),
        ({"labels": ["tree"]}, ExplanationUnavailable, "found 'tree', legal for toy are one, two"),
        ({"frame_index": 1}, ExplanationUnavailable, "found 1, legal are 0 to 0"),
    ],
)
def test_what_cannot_be_explained_is_refused_by_name(
    make_engine: MakeEngine, changes: dict[str, Any], error: type[DropsightError], message: str
) -> None:
    engine = make_engine(WEIGHTS)

    with pytest.raises(error, match=message):
        engine.explain(**(LIME | changes))
