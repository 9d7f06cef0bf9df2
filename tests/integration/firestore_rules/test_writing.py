"""What the rules let a browser write: feedback as oneself, once, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.firestore_rules.conftest import CHEST, STEEL, Visits
from tests.integration.firestore_rules.visitors import DENIED, OK, Visitor

pytestmark = pytest.mark.integration


def feedback(identity: str, result: str = "chest", **changes: Any) -> dict[str, Any]:
    """Valid but for `changes`; its time comes with the write. A change to `...` leaves it out."""
    whole = {
        "schemaVersion": 1,
        "feedbackId": identity,
        "resultId": result,
        "verdict": "disagree",
        "comment": "The left lung is clear.",
        "label": "pneumonia",
        "authorUid": "ada",
        "authorName": "Ada",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def given(visitor: Visitor, identity: str, fields: dict[str, Any], result: str = CHEST) -> int:
    return visitor.create(f"{result}/feedback/{identity}", fields, "createdAt")


def test_a_user_gives_feedback_to_a_result_of_a_project_of_theirs(chest: Visitor, feedback_id: str):
    assert given(chest, feedback_id, feedback(feedback_id)) == OK


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "agree", "comment": ""},
        {"label": None},
        {"comment": "x" * 2000},
        {"label": "effusion"},
    ],
    ids=["agree without a word", "no label", "longest comment", "another label"],
)
def test_what_is_valid_is_taken(chest: Visitor, feedback_id: str, changes: dict[str, Any]):
    assert given(chest, feedback_id, feedback(feedback_id, **changes)) == OK


@pytest.mark.parametrize(
    "changes",
    [
        {"schemaVersion": 2},
        {"schemaVersion": ...},
        {"feedbackId": "another"},
        {"resultId": "steel"},
        {"verdict": "perhaps"},
        {"verdict": None},
        {"comment": "x" * 2001},
        {"comment": 7},
        {"comment": ...},
        {"label": "cats"},
        {"label": 7},
        {"label": ...},
        {"authorUid": "grace"},
        {"authorName": "Grace"},
        {"authorName": ...},
        {"more": "than is asked for"},
    ],
    ids=str,
)
def test_what_is_not_valid_is_refused(chest: Visitor, feedback_id: str, changes: dict[str, Any]):
    assert given(chest, feedback_id, feedback(feedback_id, **changes)) == DENIED


def test_the_time_is_the_servers(chest: Visitor, feedback_id: str):
    path = f"{CHEST}/feedback/{feedback_id}"
    assert chest.create(path, feedback(feedback_id)) == DENIED
    assert chest.create(path, feedback(feedback_id, createdAt=1.0)) == DENIED
    assert chest.create(path, feedback(feedback_id), "createdAt") == OK


def test_who_has_no_name_signs_with_the_address(visits: Visits, feedback_id: str):
    user = visits(projects=["chest"], email="ada@example.org")
    signed = feedback(feedback_id, authorName="ada@example.org")
    assert given(user, feedback_id, feedback(feedback_id)) == DENIED
    assert given(user, feedback_id, signed) == OK


def test_who_has_neither_signs_with_nothing(visits: Visits, feedback_id: str):
    user = visits(projects=["chest"])
    assert given(user, feedback_id, feedback(feedback_id, authorName="")) == OK


def test_results_of_others_get_no_feedback(
    chest: Visitor, visits: Visits, stranger: Visitor, feedback_id: str
):
    of_steel = feedback(feedback_id, "steel")
    assert given(chest, feedback_id, of_steel, STEEL) == DENIED
    assert given(chest, feedback_id, feedback(feedback_id, "none"), "results/none") == DENIED
    assert given(visits(name="Ada"), feedback_id, feedback(feedback_id)) == DENIED
    assert given(stranger, feedback_id, feedback(feedback_id)) == DENIED


def test_a_deleted_result_gets_no_feedback(chest: Visitor, feedback_id: str):
    for name in ("gone", "going"):
        said = feedback(feedback_id, name, label=None)
        assert given(chest, feedback_id, said, f"results/{name}") == DENIED


def test_feedback_is_never_changed_and_never_taken_back(chest: Visitor, feedback_id: str):
    assert given(chest, feedback_id, feedback(feedback_id)) == OK
    path = f"{CHEST}/feedback/{feedback_id}"
    assert chest.change(path, {"comment": "I never said that."}) == DENIED
    assert chest.put(path, feedback(feedback_id)) == DENIED
    assert chest.delete(path) == DENIED


def test_no_browser_writes_results_or_models(visits: Visits):
    admin = visits(admin=True, projects=["chest"])
    assert admin.put("results/new", {"project": "chest"}) == DENIED
    assert admin.change(CHEST, {"status": "failed"}) == DENIED
    assert admin.delete(CHEST) == DENIED
    assert admin.put("models/new", {"name": "new"}) == DENIED
    assert admin.delete("models/cxr") == DENIED
