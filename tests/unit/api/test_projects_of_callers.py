"""What a caller's token does not name is not there for them; deletion takes an administrator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dropsight.domain.callers import Caller
from tests.unit.api.cloud_host import ADMIN, NOBODY, OTHERS_ADMIN, READER, CloudHost

pytestmark = pytest.mark.unit

FEEDBACK = {"verdict": "agree"}
EVERY = [
    ("GET", "", None),
    ("GET", "?overlays=base64", None),
    ("GET", ".csv", None),
    ("GET", ".coco", None),
    ("GET", "/artifacts/display-0", None),
    ("GET", "/addresses", None),
    ("GET", "/feedback", None),
    ("POST", "/feedback", FEEDBACK),
    ("DELETE", "", None),
    ("DELETE", "?source=true", None),
]
"""Every way to ask for one result."""


@pytest.fixture
def host() -> CloudHost:
    return CloudHost()


@pytest.mark.parametrize("caller", [OTHERS_ADMIN, NOBODY])
@pytest.mark.parametrize(("method", "rest", "body"), EVERY)
def test_another_projects_result_is_answered_as_if_it_were_not_there(
    host: CloudHost, caller: Caller, method: str, rest: str, body: Any
):
    host.caller = caller

    other = host.ask(method, f"/v1/results/film{rest}", body)
    none = host.ask(method, f"/v1/results/aaaa{rest}", body)

    assert other.status == none.status == 404
    assert other.body == none.body.replace(b"aaaa", b"film")
    assert other.headers == none.headers
    stored = host.results.get("film")
    assert stored is not None
    assert stored.status == "explained"
    assert list(host.feedback.list("film")) == []


@pytest.mark.parametrize(("method", "rest", "body"), EVERY)
def test_a_deleted_one_is_not_there_for_others_either(
    host: CloudHost, method: str, rest: str, body: Any
):
    host.caller = ADMIN
    assert host.ask("DELETE", "/v1/results/film").status == 200
    host.caller = OTHERS_ADMIN

    assert host.ask(method, f"/v1/results/film{rest}", body).status == 404


@pytest.mark.parametrize(("method", "rest", "body"), EVERY)
def test_without_a_token_nothing_is_done_and_401_says_so(
    host: CloudHost, method: str, rest: str, body: Any
):
    host.caller = None

    answer = host.ask(method, f"/v1/results/film{rest}", body)

    assert answer.status == 401
    assert json.loads(answer.body)["error"]["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert host.resumed == 0
    assert list(host.feedback.list("film")) == []
    assert host.ask("POST", "/v1/uploads", {}).status == 401
    assert host.ask("GET", "/v1/none").status == 401
    host.caller = READER
    assert host.ask("GET", "/v1/results").status == 200
    assert host.resumed == 1


def listed(host: CloudHost, query: str = "") -> list[str]:
    status, page = host.told("GET", f"/v1/results{query}")
    assert status == 200
    return [one["resultId"] for one in page["results"]]


def test_lists_hold_the_callers_projects_alone(host: CloudHost):
    assert listed(host) == ["film"]
    assert listed(host, "?project=north") == ["film"]
    assert listed(host, "?project=south") == []
    assert listed(host, "?label=viral&project=south") == []
    host.caller = OTHERS_ADMIN
    assert listed(host) == ["slide"]
    host.caller = Caller("both", projects=frozenset({"north", "south"}))
    assert listed(host) == ["slide", "film"]
    assert listed(host, "?project=south") == ["slide"]
    host.caller = NOBODY
    assert listed(host) == []


def test_a_cursor_of_another_caller_shows_nothing_more(host: CloudHost):
    host.caller = Caller("both", projects=frozenset({"north", "south"}))
    _, page = host.told("GET", "/v1/results?limit=1")
    host.caller = OTHERS_ADMIN

    assert listed(host, f"?cursor={page['cursor']}") == []


def test_only_an_administrator_deletes(host: CloudHost):
    status, answer = host.told("DELETE", "/v1/results/film")
    assert (status, answer["error"]["code"]) == (403, "access-refused")
    assert host.ask("GET", "/v1/results/film").status == 200

    host.caller = ADMIN
    status, done = host.told("DELETE", "/v1/results/film")
    assert (status, done["objects"]) == (200, 1)
    host.caller = READER
    assert host.ask("GET", "/v1/results/film").status == 410


def test_addresses_of_all_artifacts_come_by_name_with_their_end(host: CloudHost):
    status, answer = host.told("GET", "/v1/results/film/addresses")

    (picture,) = host.objects.list("results")
    assert (status, answer) == (
        200,
        {
            "expiresAt": 2_000_000,
            "addresses": {"display-0": f"https://signed/results/{picture.name}"},
        },
    )
