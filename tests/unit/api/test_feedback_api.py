"""Feedback over HTTP: in the caller's name, beside the result, which stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dropsight.api.messages import LONGEST_BODY
from tests.unit.api.cloud_host import ADMIN, CloudHost

pytestmark = pytest.mark.unit

TARGET = "/v1/results/film/feedback"


@pytest.fixture
def host() -> CloudHost:
    return CloudHost()


def test_what_is_said_is_kept_in_the_callers_name_and_listed_oldest_first(host: CloudHost):
    before = host.results.get("film")
    status, first = host.told(
        "POST", TARGET, {"verdict": "disagree", "comment": "an old scar", "label": "viral"}
    )
    host.caller = ADMIN
    assert host.told("POST", TARGET, {"verdict": "agree"})[0] == 201

    assert status == 201
    assert (first["resultId"], first["verdict"], first["label"]) == ("film", "disagree", "viral")
    assert first["author"] == {"uid": "reader", "name": "Ada"}
    assert first["schemaVersion"] == 1
    _, found = host.told("GET", TARGET)
    assert [one["author"]["uid"] for one in found["feedback"]] == ["reader", "admin"]
    assert found["feedback"][0] == first
    assert found["feedback"][1]["label"] is None
    assert host.results.get("film") == before


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "verdict"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": "agree", "comment": "x" * 2001}, "2000"),
        ({"verdict": "agree", "comment": None}, "comment"),
        ({"verdict": "agree", "label": "cat"}, "label: found 'cat', legal are null and ids of"),
        ({"verdict": "agree", "coment": "x"}, "coment"),
        ({"verdict": "agree", "author": {"uid": "eve"}}, "author"),
        ({"verdict": "agree", "createdAt": 0}, "createdAt"),
        ([], "FeedbackRequest"),
        (b"{", "FeedbackRequest"),
        (b"\xff", "FeedbackRequest"),
        (b"", "FeedbackRequest"),
    ],
)
def test_what_is_not_legal_is_refused_and_not_kept(host: CloudHost, body: Any, sentence: str):
    status, answer = host.told("POST", TARGET, body)

    assert (status, answer["error"]["code"]) == (400, "message-invalid")
    assert sentence in answer["error"]["message"]
    assert list(host.feedback.list("film")) == []


def test_a_comment_may_be_as_long_as_it_says(host: CloudHost):
    assert host.ask("POST", TARGET, {"verdict": "agree", "comment": "ü" * 2000}).status == 201


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x"])
def test_only_json_is_read(host: CloudHost, kind: str):
    body = json.dumps({"verdict": "agree"}).encode()
    assert host.ask("POST", TARGET, body, {"content-type": kind}).status == 400


def test_json_may_name_its_character_set(host: CloudHost):
    kind = {"content-type": "Application/JSON; charset=utf-8"}
    assert host.ask("POST", TARGET, {"verdict": "agree"}, kind).status == 201


def test_a_body_that_is_too_long_is_not_read(host: CloudHost):
    assert host.ask("POST", TARGET, b" " * (LONGEST_BODY + 1)).status == 413


def test_it_is_never_changed_nor_deleted_by_itself(host: CloudHost):
    host.caller = ADMIN
    for method in ("PUT", "PATCH", "DELETE"):
        answer = host.ask(method, TARGET)
        assert (answer.status, answer.headers["allow"]) == (405, "POST, GET")


def test_it_goes_with_its_result(host: CloudHost):
    host.ask("POST", TARGET, {"verdict": "agree"})
    host.caller = ADMIN

    assert host.told("DELETE", "/v1/results/film")[1]["feedback"] == 1
    assert host.ask("GET", TARGET).status == 410
    assert host.ask("POST", TARGET, {"verdict": "agree"}).status == 410
    assert list(host.feedback.list("film")) == []
