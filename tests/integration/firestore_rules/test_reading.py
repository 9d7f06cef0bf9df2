"""What the rules let a browser read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.firestore_rules.conftest import CHEST, STEEL, Visits
from tests.integration.firestore_rules.visitors import DENIED, OK, Visitor

pytestmark = pytest.mark.integration


def of_projects(*names: str) -> dict[str, Any]:
    values = [{"stringValue": name} for name in names]
    return {
        "field": {"fieldPath": "project"},
        "op": "IN",
        "value": {"arrayValue": {"values": values}},
    }


def test_a_user_reads_the_results_of_the_projects_in_the_token(chest: Visitor):
    assert chest.get(CHEST) == OK
    assert chest.find("results", of_projects("chest")) == OK


def test_a_user_reads_no_result_of_another_project(chest: Visitor):
    assert chest.get(STEEL) == DENIED
    assert chest.find("results", of_projects("steel")) == DENIED
    assert chest.find("results", of_projects("chest", "steel")) == DENIED


def test_a_list_that_does_not_name_projects_is_refused(chest: Visitor):
    assert chest.find("results") == DENIED


def test_a_user_of_two_projects_lists_both_at_once(visits: Visits):
    both = visits(projects=["chest", "steel"])
    assert both.find("results", of_projects("chest", "steel")) == OK
    assert both.get(STEEL) == OK


def test_a_result_without_a_project_is_shown_to_nobody(visits: Visits):
    assert visits(projects=["chest", ""]).get("results/unowned") == DENIED


def test_a_result_that_is_not_there_cannot_be_told_from_one_of_others(chest: Visitor):
    assert chest.get("results/none") == DENIED


@pytest.mark.parametrize(
    "claims", [{}, {"projects": []}, {"projects": "chest"}, {"projects": {"chest": True}}]
)
def test_a_token_without_a_list_of_projects_opens_nothing(visits: Visits, claims: dict[str, Any]):
    nobody = visits(**claims)
    assert nobody.get(CHEST) == DENIED
    assert nobody.find("results", of_projects("chest")) == DENIED
    assert nobody.get("models/cxr") == DENIED
    assert nobody.get(f"{CHEST}/feedback/first") == DENIED


def test_an_administrator_reads_what_the_projects_allow_and_no_more(visits: Visits):
    assert visits(admin=True, projects=["chest"]).get(STEEL) == DENIED


def test_who_has_not_signed_in_reads_nothing(stranger: Visitor):
    assert stranger.get(CHEST) == DENIED
    assert stranger.find("results", of_projects("chest")) == DENIED
    assert stranger.get("models/cxr") == DENIED
    assert stranger.find("models") == DENIED
    assert stranger.find("feedback", parent=CHEST) == DENIED


def test_users_with_a_project_read_the_models(chest: Visitor):
    assert chest.get("models/cxr") == OK
    assert chest.find("models") == OK


def test_feedback_is_read_by_those_who_read_its_result(chest: Visitor):
    assert chest.get(f"{CHEST}/feedback/first") == OK
    assert chest.find("feedback", parent=CHEST) == OK
    assert chest.get(f"{STEEL}/feedback/first") == DENIED
    assert chest.find("feedback", parent=STEEL) == DENIED
    assert chest.find("feedback", parent="results/none") == DENIED


def test_dead_letters_and_everything_without_a_rule_are_closed(visits: Visits):
    admin = visits(admin=True, projects=["chest"])
    for path in ("deadLetters/one", "elsewhere/one", f"{CHEST}/notes/one"):
        assert admin.get(path) == DENIED
        assert admin.put(path, {"a": 1}) == DENIED
    assert admin.find("deadLetters") == DENIED
