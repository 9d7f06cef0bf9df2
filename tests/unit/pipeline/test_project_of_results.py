"""Every result that a step makes belongs to the project of its upload."""

from __future__ import annotations

import pytest

from dropsight.adapters.backend import Backend
from dropsight.domain.events import TOPIC_FINALIZED, ObjectFinalized
from dropsight.domain.results import Result
from dropsight.domain.wire import encode, replace
from dropsight.settings import Settings
from tests.contract.records import letter
from tests.fakes import (
    MemoryDeadLetterStore,
    MemoryFeedbackStore,
    MemoryObjectStore,
    MemoryPublisher,
    MemoryResultStore,
)
from tests.toy_pipeline import BrightnessEngine, ToyPipeline

pytestmark = pytest.mark.unit

PROJECTS = {"toy": "north", "nowhere": "south"}


@pytest.fixture
def toy() -> ToyPipeline:
    backend = Backend(
        MemoryObjectStore(),
        MemoryPublisher(),
        MemoryResultStore(),
        MemoryDeadLetterStore(),
        MemoryFeedbackStore(),
    )
    return ToyPipeline(Settings(projects=PROJECTS, lease_s=0.0), backend, BrightnessEngine())


@pytest.mark.parametrize(
    ("name", "status", "project"),
    [
        ("toy/a.png", "queued", "north"),
        ("nowhere/a.png", "failed", "south"),  # no such route
        ("elsewhere/a.png", "failed", "default"),
        ("a.png", "failed", "default"),  # no DICOM file: no model by its attributes
    ],
)
def test_of_an_upload(toy: ToyPipeline, name: str, status: str, project: str) -> None:
    result = toy.ingest(toy.drop(name))

    assert (result.status, result.project) == (status, project)


def test_of_an_upload_that_no_delivery_could_process(toy: ToyPipeline) -> None:
    event = ObjectFinalized(bucket="landing", name="toy/a.png", generation=1)

    toy.dead_letter(replace(letter(), topic=TOPIC_FINALIZED, data=encode(event).decode()))

    (result,) = toy.backend.results.list()
    assert (result.status, result.project) == ("failed", "north")


def test_its_identity_does_not_depend_on_it(toy: ToyPipeline) -> None:
    event = toy.drop("toy/a.png")
    first: Result = toy.ingest(event)
    other = ToyPipeline(Settings(lease_s=0.0), toy.backend, toy.engine)

    again = other.ingest(event)

    assert (again.result_id, again.project) == (first.result_id, "north")
