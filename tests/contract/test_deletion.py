"""Deleting a result: nothing derived stays, a kill leaves no orphan, nothing comes back half-way.

The steps are the real ones, on every adapter; one bucket holds all three kinds of objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dropsight.adapters.backend import Backend
from dropsight.domain.callers import MACHINES_USER
from dropsight.domain.errors import BackendUnavailable, ResultDeleted, ResultUnknown
from dropsight.domain.events import (
    TOPIC_EXPLAIN,
    TOPIC_FINALIZED,
    TOPIC_PREDICT,
    ExplanationRequested,
    ObjectFinalized,
    PredictionRequested,
)
from dropsight.domain.queries import ResultQuery
from dropsight.domain.results import Result, Source
from dropsight.domain.wire import decode, encode, replace
from dropsight.pipeline.replay import Replay
from dropsight.pipeline.results import ReadResults
from dropsight.settings import Settings
from tests.contract.records import feedback, letter
from tests.fakes import MemoryPublisher
from tests.toy_pipeline import BrightnessEngine, ToyPipeline

pytestmark = pytest.mark.contract

UPLOAD = "toy/a.png"


class Killed(BaseException):
    """Not an Exception: no code of ours may catch what stands for a kill -9."""


class Toy(ToyPipeline):
    @property
    def published(self) -> MemoryPublisher:
        assert isinstance(self.backend.publisher, MemoryPublisher)
        return self.backend.publisher

    def messages(self, topic: str, kind: type[Any]) -> list[Any]:
        return [decode(one.data, kind) for one in self.published.published if one.topic == topic]

    def explained(self) -> tuple[Result, ObjectFinalized]:
        """One upload, all the way; its event."""
        event = self.drop(UPLOAD)
        identity = self.ingest(event).result_id
        self.predict(self.messages(TOPIC_PREDICT, PredictionRequested)[-1])
        for one in self.messages(TOPIC_EXPLAIN, ExplanationRequested):
            self.explain(one)
        result = self.backend.results.get(identity)
        assert result is not None
        assert result.status == "explained"
        return result, event

    def objects(self) -> list[str]:
        return [one.name for one in self.backend.objects.list("bucket")]

    def status(self, identity: str) -> str:
        result = self.backend.results.get(identity)
        assert result is not None
        return result.status


@pytest.fixture
def toy(backend: Backend) -> Toy:
    settings = Settings(
        landing_bucket="bucket",
        work_bucket="bucket",
        results_bucket="bucket",
        lease_s=0.0,
        projects={"toy": "north"},
    )
    return Toy(settings, backend, BrightnessEngine())


def test_only_the_upload_and_a_tombstone_are_left(toy: Toy) -> None:
    result, _ = toy.explained()
    assert len(toy.objects()) == 1 + 1 + 5  # upload; frame; picture and two heatmaps and overlays
    toy.backend.dead_letters.put(letter("mine", result_id=result.result_id))
    toy.backend.dead_letters.put(letter("another's", result_id="other"))
    toy.backend.feedback.add(feedback("mine", result_id=result.result_id))
    toy.backend.feedback.add(feedback("another's", result_id="other"))

    done = toy.delete(result.result_id)

    assert (done.objects, done.dead_letters, done.feedback, done.source) == (6, 1, 1, False)
    assert list(toy.backend.feedback.list(result.result_id)) == []
    assert [one.feedback_id for one in toy.backend.feedback.list("other")] == ["another's"]
    assert toy.objects() == [UPLOAD]
    assert [one.message_id for one in toy.backend.dead_letters.list()] == ["another's"]
    assert list(toy.backend.results.list()) == []
    tombstone = toy.backend.results.get(result.result_id)
    assert tombstone is not None
    assert tombstone == Result(
        result_id=result.result_id,
        status="deleted",
        project="north",
        timestamps=tombstone.timestamps,
        source=Source(bucket="bucket", object=UPLOAD, generation=result.source.generation),
    )
    assert sorted(tombstone.timestamps) == ["deleted", "deleting"]


def test_the_upload_goes_too_where_that_is_asked_for_and_its_name_with_it(toy: Toy) -> None:
    result, _ = toy.explained()

    toy.delete(result.result_id, source=True)

    assert toy.objects() == []
    tombstone = toy.backend.results.get(result.result_id)
    assert tombstone is not None
    assert tombstone.source == Source(bucket="", object="", generation=0)


def test_the_upload_can_still_go_after_its_result_went(toy: Toy) -> None:
    result, _ = toy.explained()
    toy.delete(result.result_id)

    toy.delete(result.result_id, source=True)

    assert toy.objects() == []


def test_a_newer_upload_of_the_same_name_is_spared(toy: Toy) -> None:
    result, _ = toy.explained()
    toy.drop(UPLOAD, value=20)

    toy.delete(result.result_id, source=True)

    assert toy.objects() == [UPLOAD]


def test_a_neighbour_whose_id_begins_alike_is_spared(toy: Toy) -> None:
    result, _ = toy.explained()
    toy.backend.objects.write("bucket", f"{result.result_id}x/display.png", b"x")
    toy.backend.objects.write("bucket", f"frames/{result.result_id}.frame.frame", b"x")

    toy.delete(result.result_id)

    spared = {f"{result.result_id}x/display.png", f"frames/{result.result_id}.frame.frame"}
    assert set(toy.objects()) == {UPLOAD} | spared


def test_a_deletion_may_be_repeated_and_finds_nothing_left(toy: Toy) -> None:
    result, _ = toy.explained()
    toy.delete(result.result_id)

    again = toy.delete(result.result_id)

    assert (again.objects, again.dead_letters) == (0, 0)
    assert toy.status(result.result_id) == "deleted"


def test_what_does_not_exist_is_refused(toy: Toy) -> None:
    with pytest.raises(ResultUnknown, match="result nothing: there is none"):
        toy.delete("nothing")
    assert toy.backend.results.get("nothing") is None


def test_what_was_deleted_is_told_apart_from_what_never_was(toy: Toy) -> None:
    result, _ = toy.explained()
    toy.delete(result.result_id)
    read = ReadResults(toy.backend.results, toy.backend.objects)

    with pytest.raises(ResultDeleted, match="was deleted; upload the file again"):
        read.one(result.result_id, MACHINES_USER)
    with pytest.raises(ResultUnknown):
        read.one("nothing", MACHINES_USER)


@pytest.mark.parametrize("survived", range(6))
def test_a_kill_at_any_file_leaves_a_tombstone_that_the_next_start_finishes(
    toy: Toy, survived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = toy.explained()
    delete = toy.backend.objects.delete
    left = survived

    def killed(*arguments: Any) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        delete(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(toy.backend.objects, "delete", killed)
        with pytest.raises(Killed):
            toy.delete(result.result_id)
    assert toy.status(result.result_id) == "deleting"
    assert list(toy.backend.results.list()) == []
    assert len(toy.objects()) == 7 - survived

    assert toy.delete.finish() == 1

    assert toy.objects() == [UPLOAD]
    assert toy.status(result.result_id) == "deleted"
    assert toy.delete.finish() == 0


def test_a_bucket_that_does_not_answer_leaves_it_to_be_repeated(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = toy.explained()

    def broken(*_: Any) -> None:
        raise BackendUnavailable("the bucket does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(toy.backend.objects, "delete", broken)
        with pytest.raises(BackendUnavailable):
            toy.delete(result.result_id, source=True)
    assert toy.status(result.result_id) == "explained"  # the upload is first, nothing has begun

    toy.delete(result.result_id, source=True)
    assert toy.objects() == []


def test_every_message_delivered_again_finds_the_tombstone_and_changes_nothing(toy: Toy) -> None:
    result, event = toy.explained()
    toy.delete(result.result_id)
    tombstone = toy.backend.results.get(result.result_id)
    published = len(toy.published.published)
    forwards = toy.engine.forwards

    assert toy.ingest(event) == tombstone
    for prediction in toy.messages(TOPIC_PREDICT, PredictionRequested):
        assert toy.predict(prediction) == tombstone
    for explanation in toy.messages(TOPIC_EXPLAIN, ExplanationRequested):
        assert toy.explain(explanation) == tombstone

    assert toy.objects() == [UPLOAD]
    assert toy.backend.results.get(result.result_id) == tombstone
    assert len(toy.published.published) == published
    assert toy.engine.forwards == forwards


def test_a_deletion_in_the_middle_of_ingest_leaves_nothing(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = toy.drop(UPLOAD)
    write = toy.backend.objects.write
    deleted: list[str] = []

    def delete_then_write(bucket: str, name: str, *rest: Any, **options: Any) -> Any:
        if not deleted and name.startswith("frames/"):
            deleted.append(name.removeprefix("frames/").removesuffix(".frame"))
            toy.delete(deleted[0])
        return write(bucket, name, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(toy.backend.objects, "write", delete_then_write)
        toy.ingest(event)

    assert toy.objects() == [UPLOAD]
    assert toy.status(deleted[0]) == "deleted"
    assert toy.published.published == []


@pytest.mark.parametrize("killed", [False, True], ids=["lives", "is killed and delivered again"])
def test_a_deletion_in_the_middle_of_an_explanation_leaves_nothing(
    toy: Toy, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = toy.ingest(toy.drop(UPLOAD)).result_id
    toy.predict(toy.messages(TOPIC_PREDICT, PredictionRequested)[0])
    request = toy.messages(TOPIC_EXPLAIN, ExplanationRequested)[0]
    update = toy.backend.results.update

    def delete_then_update(result_id: str, change: Callable[[Result], Result | None]) -> Result:
        drawn = any("/heatmap-" in name for name in toy.objects())
        if drawn and toy.status(identity) == "predicted":
            patch.undo()
            toy.delete(identity)
            toy.backend.objects.write("bucket", f"{identity}/overlay-late.png", b"late")
            if killed:
                raise Killed
        return update(result_id, change)

    with monkeypatch.context() as patch:
        patch.setattr(toy.backend.results, "update", delete_then_update)
        if killed:
            with pytest.raises(Killed):
                toy.explain(request)
            assert len(toy.objects()) == 2
        else:
            toy.explain(request)
    if killed:
        toy.explain(request)

    assert toy.objects() == [UPLOAD]
    assert toy.status(identity) == "deleted"


def test_a_dead_letter_of_a_deleted_result_is_neither_kept_nor_brought_back(toy: Toy) -> None:
    result, event = toy.explained()
    toy.delete(result.result_id)
    request = toy.messages(TOPIC_PREDICT, PredictionRequested)[0]

    for topic, body in ((TOPIC_FINALIZED, encode(event)), (TOPIC_PREDICT, encode(request))):
        toy.dead_letter(replace(letter(f"late-{topic}"), topic=topic, data=body.decode()))

    assert list(toy.backend.dead_letters.list()) == []
    assert toy.status(result.result_id) == "deleted"


def test_a_replay_that_comes_too_late_leaves_the_tombstone(toy: Toy) -> None:
    result, _ = toy.explained()
    toy.delete(result.result_id)
    toy.backend.dead_letters.put(letter("slipped through", result_id=result.result_id))

    Replay(toy.backend.dead_letters, toy.backend.results, toy.published)("slipped through")

    assert toy.status(result.result_id) == "deleted"


def test_the_same_file_uploaded_again_is_processed_again(toy: Toy) -> None:
    result, _ = toy.explained()
    toy.delete(result.result_id)

    fresh = toy.ingest(toy.drop(UPLOAD))

    assert fresh.status == "queued"
    assert fresh.result_id != result.result_id
    assert [one.result_id for one in toy.backend.results.list()] == [fresh.result_id]
    assert len(toy.backend.results.list(query=ResultQuery(status="deleted"))) == 1
