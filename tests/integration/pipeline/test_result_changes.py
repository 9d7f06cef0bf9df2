"""What the steps tell of, in which order, and what becomes of it when one dies before telling."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dropsight.adapters.backend import Backend, open_backend
from dropsight.domain.errors import BackendUnavailable, InferenceFailed, LeaseHeld
from dropsight.domain.events import (
    TOPIC_EXPLAIN,
    TOPIC_PREDICT,
    TOPIC_RESULTS,
    DeadLetter,
    ExplanationRequested,
    PredictionRequested,
    ResultChanged,
)
from dropsight.domain.webhooks import message_id
from dropsight.domain.wire import decode
from dropsight.settings import Settings
from tests.fakes import MemoryPublisher
from tests.toy_pipeline import BrightnessEngine, ToyPipeline

pytestmark = pytest.mark.integration


class Told(MemoryPublisher):
    """Keeps what is published; fails on changes while it is told to."""

    broken = False

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None) -> str:
        if self.broken and topic == TOPIC_RESULTS:
            raise BackendUnavailable("the topic of changes does not answer")
        return super().publish(topic, data, attributes)

    def of(self, topic: str) -> list[bytes]:
        return [one.data for one in self.published if one.topic == topic]

    @property
    def changes(self) -> list[ResultChanged]:
        return [decode(data, ResultChanged) for data in self.of(TOPIC_RESULTS)]

    @property
    def types(self) -> list[str]:
        return [one.change for one in self.changes]

    @property
    def ids(self) -> list[str]:
        return [message_id(one) for one in self.changes]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def toy(tmp_path: Path, told: Told) -> ToyPipeline:
    settings = replace(Settings(), root=tmp_path, publish_changes="true")
    backend = replace(open_backend(settings), publisher=told)
    return ToyPipeline(settings, backend, BrightnessEngine())


def predict(toy: ToyPipeline, told: Told) -> None:
    toy.predict(decode(told.of(TOPIC_PREDICT)[0], PredictionRequested))


def explain(toy: ToyPipeline, told: Told, which: Sequence[int] = (0, 1)) -> None:
    asked = [decode(data, ExplanationRequested) for data in told.of(TOPIC_EXPLAIN)]
    for number in which:
        toy.explain(asked[number])


def test_every_step_tells_of_what_it_has_committed_in_order(toy: ToyPipeline, told: Told):
    result = toy.ingest(toy.drop())
    predict(toy, told)
    explain(toy, told)
    toy.delete(result.result_id)

    assert told.types == ["queued", "predicted", "explanation_answered", "explained", "deleted"]
    assert {one.result_id for one in told.changes} == {result.result_id}
    attributes = [one.attributes for one in told.published if one.topic == TOPIC_RESULTS]
    assert attributes == [{"resultId": result.result_id}] * 5


def test_every_step_delivered_again_tells_again_under_the_same_id(toy: ToyPipeline, told: Told):
    event = toy.drop()
    for _ in range(2):
        toy.ingest(event)
        predict(toy, told)
        explain(toy, told)

    first = ["queued", "predicted", "explanation_answered", "explained"]
    # The first method's explanation, delivered again, finds all of them answered.
    again = ["queued", "predicted", "explained", "explained"]
    assert told.types == first + again
    assert len(set(told.ids)) == 4


def test_an_ingest_that_dies_between_commit_and_telling_tells_when_it_comes_again(
    toy: ToyPipeline, told: Told
):
    event = toy.drop()
    told.broken = True
    with pytest.raises(BackendUnavailable):
        toy.ingest(event)
    told.broken = False
    with pytest.raises(LeaseHeld):
        toy.ingest(event)  # the dead one's lease is good until it runs out, or predict takes over
    predict(toy, told)
    toy.ingest(event)

    assert told.types == ["predicted", "queued"]


@pytest.mark.parametrize("step", ["predicted", "explanation_answered", "explained"])
def test_a_step_that_dies_between_commit_and_telling_loses_nothing(
    toy: ToyPipeline, told: Told, step: str
):
    toy.ingest(toy.drop())
    steps: dict[str, Callable[[], None]] = {
        "predicted": lambda: predict(toy, told),
        "explanation_answered": lambda: explain(toy, told, [0]),
        "explained": lambda: explain(toy, told, [1]),
    }
    for name, run in steps.items():
        if name == step:
            told.broken = True
            with pytest.raises(BackendUnavailable):
                run()
            assert step not in told.types
            told.broken = False
        run()

    assert told.types == ["queued", "predicted", "explanation_answered", "explained"]
    assert toy.engine.forwards == 1


@pytest.mark.parametrize("step", ["predict", "explain"])
def test_a_process_killed_between_commit_and_telling_is_made_up_for(
    toy: ToyPipeline, told: Told, step: str
):
    """kill -9 at that very place, in a process of its own, on the same files."""
    toy.ingest(toy.drop())
    if step == "explain":
        predict(toy, told)
    topic = TOPIC_PREDICT if step == "predict" else TOPIC_EXPLAIN
    message = told.of(topic)[0].decode()
    root = str(toy.settings.root)
    before = len(told.changes)

    command = [sys.executable, "-m", "tests.killed_telling", root, step, message]
    killed = subprocess.run(command, timeout=60, check=False)

    assert killed.returncode == -signal.SIGKILL
    (result,) = toy.backend.results.list()
    assert "predicted" in result.timestamps
    done = [one.status for one in result.explanations].count("done")
    assert done == (0 if step == "predict" else 1)
    assert len(told.changes) == before
    if step == "predict":
        predict(toy, told)
    else:
        explain(toy, told, [0])
    assert told.types[before:] == ["predicted" if step == "predict" else "explanation_answered"]


def test_the_topic_of_changes_being_away_does_not_hold_a_prediction_up(
    toy: ToyPipeline, told: Told
):
    told.broken = True
    with pytest.raises(BackendUnavailable):
        toy.ingest(toy.drop())

    assert len(told.of(TOPIC_PREDICT)) == 1


def test_a_deletion_that_dies_before_telling_is_finished_at_the_next_start(
    toy: ToyPipeline, told: Told
):
    result = toy.ingest(toy.drop())
    told.broken = True
    with pytest.raises(BackendUnavailable):
        toy.delete(result.result_id)
    told.broken = False

    assert toy.delete.finish() == 1
    assert toy.delete.finish() == 0
    toy.delete(result.result_id)
    assert told.types == ["queued", "deleted"]


def test_a_failed_file_and_a_failed_prediction_are_told_of(toy: ToyPipeline, told: Told):
    refused = toy.drop("nowhere/a.png")
    toy.ingest(refused)
    toy.ingest(refused)
    assert told.types == ["failed", "failed"]
    assert len(set(told.ids)) == 1

    toy.ingest(toy.drop())
    toy.engine.fail_with = InferenceFailed("broken")
    predict(toy, told)
    assert told.types[2:] == ["queued", "failed"]


def test_messages_that_were_lost_for_good_are_told_of_by_what_they_leave_behind(
    toy: ToyPipeline, told: Told
):
    toy.ingest(toy.drop())
    predict(toy, told)
    for number, data in enumerate(told.of(TOPIC_EXPLAIN)):
        toy.dead_letter(_letter(f"m{number}", TOPIC_EXPLAIN, data))
    assert told.types[2:] == ["explanation_answered", "explained"]

    toy.ingest(toy.drop("toy/b.png"))
    toy.dead_letter(_letter("m3", TOPIC_PREDICT, told.of(TOPIC_PREDICT)[1]))
    assert told.types[4:] == ["queued", "failed"]


def test_without_subscribers_nothing_is_published(tmp_path: Path, told: Told):
    settings = replace(Settings(), root=tmp_path)
    backend: Backend = replace(open_backend(settings), publisher=told)
    toy = ToyPipeline(settings, backend, BrightnessEngine())

    result = toy.ingest(toy.drop())
    predict(toy, told)
    explain(toy, told)
    toy.delete(result.result_id)

    assert told.changes == []


def _letter(message_id: str, topic: str, data: bytes) -> DeadLetter:
    return DeadLetter(
        message_id=message_id,
        topic=topic,
        data=data.decode(),
        attempts=5,
        reason="503",
        failed_at=1.0,
    )
