"""What the planner counts for one upload is what the pipeline does for one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from dropsight.adapters.backend import Backend
from dropsight.domain.events import (
    TOPIC_EXPLAIN,
    TOPIC_PREDICT,
    ExplanationRequested,
    PredictionRequested,
)
from dropsight.domain.wire import decode
from dropsight.planning.operations import (
    EXPLAIN,
    FILES_OF_AN_EXPLANATION,
    INGEST,
    PREDICT,
    Operations,
)
from dropsight.settings import Settings
from tests.fakes import (
    MemoryDeadLetterStore,
    MemoryFeedbackStore,
    MemoryObjectStore,
    MemoryPublisher,
    MemoryResultStore,
)
from tests.toy_pipeline import BrightnessEngine, ToyPipeline

pytestmark = pytest.mark.unit


class Counting:
    """Passes everything on, and counts by method."""

    def __init__(self, inner: Any, counts: Counter[str]) -> None:
        self._inner = inner
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self._counts[f"{type(self._inner).__name__}.{name}"] += 1
            return method(*arguments, **named)

        return counted


def test_each_step_makes_the_calls_that_are_planned_for_it():
    counts: Counter[str] = Counter()
    objects, publisher = MemoryObjectStore(), MemoryPublisher()
    pipeline = ToyPipeline(
        settings=Settings(),
        backend=Backend(
            objects=Counting(objects, counts),
            publisher=Counting(publisher, counts),
            results=Counting(MemoryResultStore(), counts),
            dead_letters=MemoryDeadLetterStore(),
            feedback=MemoryFeedbackStore(),
        ),
        engine=BrightnessEngine(),
    )
    event = pipeline.drop()

    def step(work: Any) -> Operations:
        counts.clear()
        work()
        updates = counts["MemoryResultStore.update"]
        return Operations(
            object_reads=counts["MemoryObjectStore.stat"] + counts["MemoryObjectStore.read"],
            object_writes=counts["MemoryObjectStore.write"],
            document_reads=updates + counts["MemoryResultStore.get"],
            document_writes=updates + counts["MemoryResultStore.create"],
            publishes=counts["MemoryPublisher.publish"],
        )

    ingest = step(lambda: pipeline.ingest(event))
    (asked,) = [one for one in publisher.published if one.topic == TOPIC_PREDICT]
    predict = step(lambda: pipeline.predict(decode(asked.data, PredictionRequested)))
    explanations = [one for one in publisher.published if one.topic == TOPIC_EXPLAIN]
    explain = step(lambda: pipeline.explain(decode(explanations[0].data, ExplanationRequested)))

    assert len(explanations) == 2  # Grad-CAM and LIME
    assert ingest == INGEST
    # A message for each explanation is counted with the explanation.
    assert _with(predict, publishes=0) == PREDICT
    assert predict.publishes == len(explanations) * EXPLAIN.publishes
    assert _with(explain, publishes=1, object_writes=0) == EXPLAIN
    assert explain.object_writes == FILES_OF_AN_EXPLANATION


def _with(operations: Operations, **changes: int) -> Operations:
    return Operations(**(operations.__dict__ | changes))
