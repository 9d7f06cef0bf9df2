"""What the terminal says of each step."""

from __future__ import annotations

import pytest

from dropsight.cli.lines import Storyteller, findings_in_words, shorten
from dropsight.domain.progress import mark_failed, mark_predicted
from dropsight.domain.results import (
    ErrorRecord,
    Explanation,
    Finding,
    ModelReference,
    Result,
    Source,
)

pytestmark = pytest.mark.unit

QUEUED = Result(
    result_id="r1",
    status="queued",
    timestamps={"queued": 1000.0},
    source=Source(bucket="landing", object="cxr/scan.dcm", generation=1),
    model=ModelReference(name="m", version="1", digest="d", runtime="onnx", task="classification"),
)
POSITIVE = Finding(label="pneumonia", probability=0.972, positive=True)
NEGATIVE = Finding(label="viral", probability=0.04, positive=False)
PENDING = Explanation(method="lime", label="pneumonia")


def predicted(result: Result, at: float) -> Result:
    moved = mark_predicted(result, [POSITIVE, NEGATIVE], [PENDING], {}, at)
    assert moved is not None
    return moved


def test_a_prediction_is_told_with_its_finding_and_the_time_since_the_queue():
    story = Storyteller()
    story.lines([QUEUED])

    (line,) = story.lines([predicted(QUEUED, 1000.084)])

    assert line.split("  ", 1)[1].split() == (
        ["cxr/scan.dcm", "queued", "→", "predicted", "pneumonia", "0.97", "84", "ms"]
    )


def test_each_step_is_told_once():
    story = Storyteller()
    assert len(story.lines([QUEUED])) == 1
    assert story.lines([QUEUED]) == []


def test_steps_that_follow_each_other_within_one_glance_are_told_in_one_go():
    assert len(Storyteller().lines([predicted(QUEUED, 1000.1)])) == 1


def test_a_failure_is_told_with_code_and_sentence():
    error = ErrorRecord(code="no-route", message="route 'x': none", retryable=False, stage="ingest")
    failed = mark_failed(QUEUED, error, 1001.0)
    assert failed is not None

    (line,) = Storyteller().lines([failed])

    assert line.endswith("failed  no-route: route 'x': none")


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ([POSITIVE, NEGATIVE], "pneumonia 0.97"),
        ([NEGATIVE], "nothing found (viral 0.04)"),
        ([], "nothing found"),
        ([POSITIVE] * 5, "pneumonia 0.97, pneumonia 0.97, pneumonia 0.97 and 2 more"),
    ],
)
def test_findings_in_words(findings: list[Finding], words: str):
    assert findings_in_words(findings) == words


def test_of_a_long_name_the_end_is_kept():
    assert shorten("abcdefgh", 5) == "…efgh"
    assert shorten("abcde", 5) == "abcde"
