"""Who may ask: the machine's own user, and no other site's page."""

from __future__ import annotations

import pytest

from dropsight.api.admission import admission_for, loopback_only, nobody
from dropsight.api.messages import Request
from dropsight.domain.errors import AccessRefused

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
    loopback_only(asked)


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


def test_in_the_cloud_nobody_is_admitted_until_callers_are_told_apart():
    assert admission_for({}) is loopback_only
    assert admission_for({"K_SERVICE": "api"}) is nobody
    with pytest.raises(AccessRefused, match="knows no callers"):
        nobody(request())
