"""Feedback, by every adapter: append only, oldest first, gone with its result."""

from __future__ import annotations

import time

import pytest
import urllib3

from dropsight.adapters.gcp.feedback import FirestoreFeedbackStore
from dropsight.adapters.gcp.session import FIRESTORE, Session
from dropsight.domain.errors import ResultDeleted
from dropsight.domain.feedback import Author, Feedback
from dropsight.domain.progress import mark_deleting
from dropsight.domain.results import Result
from dropsight.pipeline.feedback import GiveFeedback
from dropsight.ports import FeedbackStore, ResultStore
from tests.contract.conftest import fresh_name
from tests.contract.records import feedback as record
from tests.contract.records import queued
from tests.fakes import MemoryFeedbackStore

pytestmark = pytest.mark.contract


def ids(store: FeedbackStore, result_id: str, limit: int = 1000) -> str:
    return "".join(one.feedback_id for one in store.list(result_id, limit))


def test_what_was_said_comes_back_as_it_was(feedback: FeedbackStore) -> None:
    said = record(
        verdict="disagree", label="viral", comment="", at=1700000000.123456, author=Author(uid="u")
    )
    feedback.add(said)
    feedback.add(record("f2"))

    assert list(feedback.list("r1")) == [record("f2"), said]


def test_those_of_one_result_come_oldest_first_and_at_most_so_many(feedback: FeedbackStore) -> None:
    for name, at in (("c", 3.0), ("a", 1.0), ("d", 3.0), ("b", 2.25)):
        feedback.add(record(name, at=at))
    feedback.add(record("x", result_id="another"))

    assert ids(feedback, "r1") == "abcd"
    assert ids(feedback, "r1", 2) == "ab"
    assert ids(feedback, "none") == ""


def test_what_was_said_is_never_changed(feedback: FeedbackStore) -> None:
    feedback.add(record())
    feedback.add(record(verdict="disagree", comment="no"))

    assert list(feedback.list("r1")) == [record()]


def test_all_of_a_result_goes_and_nothing_else(feedback: FeedbackStore) -> None:
    for name in "abc":
        feedback.add(record(name))
    feedback.add(record("x", result_id="another"))

    assert feedback.erase("r1") == 3
    assert ids(feedback, "r1") == ""
    assert ids(feedback, "another") == "x"
    assert feedback.erase("r1") == 0


class DeletedMeanwhile(MemoryFeedbackStore):
    """Somebody deletes the result just before the feedback on it is there."""

    def __init__(self, results: ResultStore) -> None:
        super().__init__()
        self._results = results

    def add(self, feedback: Feedback) -> None:
        self._results.update(feedback.result_id, lambda one: mark_deleting(one, time.time()))
        super().add(feedback)


def test_feedback_that_a_deletion_has_overtaken_is_not_left_behind(results: ResultStore) -> None:
    result: Result = queued("r1")
    results.create(result)
    store = DeletedMeanwhile(results)

    with pytest.raises(ResultDeleted):
        GiveFeedback(store, results)(result, "agree", "", None, Author(uid="u"))

    assert ids(store, "r1") == ""


def test_in_firestore_a_rule_can_compare_author_and_time_and_a_client_may_write_the_same(
    firestore_emulator: str,
) -> None:
    project = fresh_name("project")
    session = Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": firestore_emulator})
    store = FirestoreFeedbackStore(session, project)
    store.add(record("f1", at=1.5))
    address = (
        f"http://{firestore_emulator}/v1/projects/{project}/databases/(default)/documents"
        "/results/r1/feedback"
    )
    # The emulator's own way past the rules, in place of a signed-in user.
    owner = {"Authorization": "Bearer owner"}
    fields = urllib3.request("GET", f"{address}/f1", headers=owner).json()["fields"]
    assert fields["authorUid"] == {"stringValue": "u1"}
    assert fields["authorName"] == {"stringValue": "A. Reader"}
    assert fields["createdAt"] == {"timestampValue": "1970-01-01T00:00:01.500Z"}
    assert "author" not in fields

    by_a_client = {**fields, "createdAt": {"timestampValue": "1970-01-01T00:00:02Z"}}
    by_a_client["feedbackId"] = {"stringValue": "f2"}
    urllib3.request("POST", f"{address}?documentId=f2", headers=owner, json={"fields": by_a_client})

    assert list(store.list("r1")) == [record("f1", at=1.5), record("f2", at=2.0)]
