"""Who may ask: the machine's own user, and no other site's page."""

from __future__ import annotations

import pytest

from dropsight.api.admission import admission_by, loopback_only
from dropsight.api.messages import Request
from dropsight.domain.callers import MACHINES_USER, Caller
from dropsight.domain.errors import AccessRefused, Unauthenticated

pytestmark = pytest.mark.unit


def request(
    method: str = "DELETE",
    remote: str = "127.0.0.1",
    host: str = "localhost:8080",
    origin: str | None = None,
) -> Request:
    headers = {"host": host} if origin is None else {"host": host, "origin": origin}
    return Request(method, "/v1/results/abc", headers=headers, remote=remote)


@pytest.mark.parametrize(
    "asked",
    [
        request(),
        request(remote="::1", host="127.0.0.1:9000"),
        request(origin="http://localhost:8080"),
        request("GET", origin="http://evil.example"),  # it cannot read the answer
    ],
)
def test_the_machines_own_user_is_admitted(asked: Request):
    assert loopback_only(asked) == MACHINES_USER


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (request(remote="192.168.1.7"), "only answered to the machine that it runs on"),
        (request(remote=""), "only answered to the machine"),
        (request("GET", host="evil.example:8080"), "Host 'evil.example:8080'"),
        (request("GET", host="localhost.evil.example"), "Host 'localhost.evil"),
        (request(host=""), "Host ''"),
        (request(origin="http://evil.example"), "Origin 'http://evil.example'"),
        (request(origin="null"), "Origin 'null'"),
        (request(origin="http://localhost:3000"), "Origin 'http://localhost:3000'"),
        (request(origin="https://localhost:8080"), "Origin 'https://localhost:8080'"),
    ],
)
def test_others_are_refused(asked: Request, sentence: str):
    with pytest.raises(AccessRefused) as refused:
        loopback_only(asked)
    assert sentence in str(refused.value)


ADA = Caller("ada", projects=frozenset({"north"}))


def of_token(header: str | None) -> Caller:
    if header != "Bearer hers":
        raise Unauthenticated("no")
    return ADA


def with_token(token: str, remote: str) -> Request:
    headers = {"host": "api.example", "authorization": token, "origin": "https://page.example"}
    return Request("DELETE", "/v1/results/abc", headers=headers, remote=remote)


def test_without_callers_to_tell_apart_it_is_the_machines_own_user_or_nobody():
    assert admission_by(None, on_cloud_run=False) is loopback_only
    assert admission_by(None, on_cloud_run=True) is loopback_only


def test_on_cloud_run_the_token_says_who_asks_from_wherever():
    admit = admission_by(of_token, on_cloud_run=True)

    assert admit(with_token("Bearer hers", "203.0.113.7")) == ADA
    for asked in (with_token("Bearer his", "127.0.0.1"), request()):
        with pytest.raises(Unauthenticated):
            admit(asked)


def test_elsewhere_tokens_may_be_unsigned_so_only_the_machine_itself_is_answered():
    admit = admission_by(of_token, on_cloud_run=False)

    assert admit(with_token("Bearer hers", "127.0.0.1")) == ADA
    with pytest.raises(AccessRefused, match="the machine that it runs on"):
        admit(with_token("Bearer hers", "203.0.113.7"))
    with pytest.raises(Unauthenticated):
        admit(with_token("Bearer his", "127.0.0.1"))
