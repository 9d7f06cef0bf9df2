"""Events for files that were in the bucket already."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from dropsight.adapters.backend import Backend
from dropsight.domain.events import TOPIC_FINALIZED, object_finalized
from dropsight.pipeline.backfill import Backfill
from dropsight.settings import Settings
from tests.fakes import (
    MemoryDeadLetterStore,
    MemoryFeedbackStore,
    MemoryObjectStore,
    MemoryPublisher,
    MemoryResultStore,
    Published,
)
from tests.toy_pipeline import MANIFEST, BrightnessEngine, ToyPipeline

pytestmark = pytest.mark.unit


class Time:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


class Filled:
    """A toy pipeline in memory, and the backfill of its landing bucket."""

    def __init__(self, folder: Path) -> None:
        self.publisher = MemoryPublisher()
        backend = Backend(
            MemoryObjectStore(),
            self.publisher,
            MemoryResultStore(),
            MemoryDeadLetterStore(),
            MemoryFeedbackStore(),
        )
        self.toy = ToyPipeline(Settings(root=folder), backend, BrightnessEngine())
        self.time = Time()
        self.backfill = Backfill(
            objects=backend.objects,
            results=backend.results,
            publisher=self.publisher,
            models={"toy": MANIFEST},
            routes={},
            clock=self.time.clock,
            sleep=self.time.sleep,
        )

    def steps(self, **options: object) -> list[tuple[str, str]]:
        found = self.backfill("landing", **options)  # type: ignore[arg-type]
        return [(step.info.name, step.what) for step in found]

    def events(self) -> list[str]:
        return [json.loads(one.data)["name"] for one in self.announced()]

    def announced(self) -> list[Published]:
        return [one for one in self.publisher.published if one.topic == TOPIC_FINALIZED]


@pytest.fixture
def filled(tmp_path: Path) -> Filled:
    return Filled(tmp_path)


def test_what_has_no_result_is_announced_in_the_words_of_cloud_storage(filled: Filled) -> None:
    dropped = filled.toy.drop("toy/a.png")

    assert filled.steps() == [("toy/a.png", "published")]

    (message,) = filled.announced()
    event = object_finalized(json.loads(message.data))
    assert (event.bucket, event.name, event.generation) == (
        "landing",
        "toy/a.png",
        dropped.generation,
    )
    assert message.attributes["eventType"] == "OBJECT_FINALIZE"
    assert message.attributes["objectGeneration"] == str(dropped.generation)


def test_what_has_a_result_is_passed_over(filled: Filled) -> None:
    filled.toy.ingest(filled.toy.drop("toy/a.png"))
    filled.toy.drop("toy/b.png")
    assert filled.steps() == [("toy/a.png", "has a result"), ("toy/b.png", "published")]
    assert filled.events() == ["toy/b.png"]


def test_a_second_run_after_the_files_were_processed_announces_nothing(filled: Filled) -> None:
    for name in ("toy/a.png", "toy/b.png"):
        filled.toy.drop(name)
    filled.steps()
    for message in filled.announced():
        filled.toy.ingest(object_finalized(json.loads(message.data)))
    assert [what for _, what in filled.steps()] == ["has a result", "has a result"]


def test_a_newer_version_of_a_file_is_another_upload(filled: Filled) -> None:
    filled.toy.ingest(filled.toy.drop("toy/a.png", value=10))
    filled.toy.drop("toy/a.png", value=20)
    assert filled.steps() == [("toy/a.png", "published")]


def test_a_deleted_result_does_not_come_back(filled: Filled) -> None:
    result = filled.toy.ingest(filled.toy.drop("toy/a.png"))
    filled.toy.delete(result.result_id)
    assert filled.steps() == [("toy/a.png", "has a result")]


def test_a_file_in_the_root_is_known_by_what_became_of_it(filled: Filled) -> None:
    filled.toy.drop("a.png")
    assert filled.steps() == [("a.png", "published")]
    (message,) = filled.announced()
    refused = filled.toy.ingest(object_finalized(json.loads(message.data)))
    assert refused.status == "failed"
    assert filled.steps() == [("a.png", "has a result")]


def test_files_of_no_route_are_told_and_not_announced(filled: Filled) -> None:
    filled.toy.drop("elsewhere/a.png")
    assert filled.steps() == [("elsewhere/a.png", "no route")]
    assert filled.events() == []


def test_names_that_stand_for_folders_are_no_files(filled: Filled) -> None:
    filled.toy.backend.objects.write("landing", "toy/", b"")
    assert filled.steps() == []


def test_it_goes_on_after_a_name_and_within_a_prefix(filled: Filled) -> None:
    for name in ("toy/1.png", "toy/2.png", "toy/3.png", "elsewhere/9.png"):
        filled.toy.drop(name)
    assert [name for name, _ in filled.steps(prefix="toy/", after="toy/1.png")] == [
        "toy/2.png",
        "toy/3.png",
    ]


def test_no_more_than_the_rate_is_announced_and_only_announcements_wait(filled: Filled) -> None:
    filled.toy.ingest(filled.toy.drop("toy/0.png"))
    for name in ("toy/1.png", "toy/2.png", "toy/3.png"):
        filled.toy.drop(name)
    filled.steps(rate=4.0)
    assert filled.time.slept == [0.0, 0.25, 0.25]


def test_a_dry_run_publishes_nothing(filled: Filled) -> None:
    filled.toy.drop("toy/a.png")
    dry = Backfill(
        filled.toy.backend.objects, filled.toy.backend.results, None, {"toy": MANIFEST}, {}
    )
    assert [step.what for step in dry("landing")] == ["published"]
    assert filled.events() == []


def test_what_was_yielded_is_published_when_a_run_is_ended_half_way(filled: Filled) -> None:
    for number in range(5):
        filled.toy.drop(f"toy/{number}.png")
    run = filled.backfill("landing", rate=1000.0)
    last = [step.info.name for step in itertools.islice(run, 2)][-1]
    run.close()  # type: ignore[attr-defined]
    assert filled.events() == ["toy/0.png", "toy/1.png"]
    filled.steps(after=last)
    assert filled.events() == [f"toy/{number}.png" for number in range(5)]
