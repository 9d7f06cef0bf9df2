"""Certificates of an issuer are kept as long as it allows, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import google.auth.transport.urllib3
import pytest
import urllib3

from dropsight.adapters.gcp.certificates import (
    DEFAULT_LIFETIME_S,
    LONGEST_LIFETIME_S,
    PAUSE_S,
    STALE_S,
    Certificates,
)
from dropsight.domain.errors import BackendUnavailable
from tests.emulators.certificate_server import CertificateServer, running_certificate_server
from tests.signed_tokens import signing_key

pytestmark = pytest.mark.contract

OLD, NEW = signing_key("old"), signing_key("new")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[CertificateServer]:
    with running_certificate_server() as running:
        running.publish(OLD)
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def certificates(server: CertificateServer, clock: Clock) -> Certificates:
    return Certificates(server.address, clock=clock)


def test_they_are_asked_for_once_in_their_lifetime(
    server: CertificateServer, certificates: Certificates, clock: Clock
) -> None:
    assert [certificates.pem("old") for _ in range(3)] == [OLD.certificate] * 3
    clock.now += 59.9
    certificates.pem("old")
    assert server.asked == 1
    clock.now += 0.1
    certificates.pem("old")
    assert server.asked == 2


@pytest.mark.parametrize(
    ("headers", "lifetime"),
    [
        ({"Cache-Control": "public, max-age=100, must-revalidate", "Age": "40"}, 60.0),
        ({"Cache-Control": "max-age=100", "Age": "later"}, 100.0),
        ({"Cache-Control": "s-maxage=7, max-age=100"}, 100.0),
        ({"Cache-Control": "no-store"}, DEFAULT_LIFETIME_S),
        ({}, DEFAULT_LIFETIME_S),
        ({"Cache-Control": "max-age=9999999999"}, LONGEST_LIFETIME_S),
    ],
)
def test_the_lifetime_is_that_of_the_answer(
    server: CertificateServer,
    certificates: Certificates,
    clock: Clock,
    headers: dict[str, str],
    lifetime: float,
) -> None:
    server.headers = headers
    certificates.pem("old")
    clock.now += lifetime - 0.5
    certificates.pem("old")
    assert server.asked == 1
    clock.now += 0.5
    certificates.pem("old")
    assert server.asked == 2


def test_a_new_key_is_found_before_the_old_ones_have_had_their_time(
    server: CertificateServer, certificates: Certificates, clock: Clock
) -> None:
    certificates.pem("old")
    server.publish(OLD, NEW)
    clock.now += PAUSE_S
    assert certificates.pem("new") == NEW.certificate
    assert server.asked == 2


def test_a_key_that_was_withdrawn_is_forgotten(
    server: CertificateServer, certificates: Certificates, clock: Clock
) -> None:
    certificates.pem("old")
    server.publish(NEW)
    clock.now += 60
    assert certificates.pem("old") is None


def test_made_up_keys_do_not_make_us_ask_each_time(
    server: CertificateServer, certificates: Certificates, clock: Clock
) -> None:
    certificates.pem("old")
    clock.now += PAUSE_S
    assert [certificates.pem(f"made-up-{number}") for number in range(50)] == [None] * 50
    assert server.asked == 2


def test_while_the_issuer_is_down_the_old_ones_serve_for_a_short_time(
    server: CertificateServer, certificates: Certificates, clock: Clock
) -> None:
    certificates.pem("old")
    server.status = 503
    clock.now += 60 + STALE_S - 1
    assert certificates.pem("old") == OLD.certificate
    clock.now += 1
    with pytest.raises(BackendUnavailable, match="does not answer"):
        certificates.pem("old")


def test_an_issuer_that_is_down_is_not_asked_with_each_request(
    server: CertificateServer, certificates: Certificates, clock: Clock
) -> None:
    server.status = 503
    for _ in range(5):
        with pytest.raises(BackendUnavailable):
            certificates.pem("old")
    assert server.asked == 1
    server.status = 200
    clock.now += PAUSE_S
    assert certificates.pem("old") == OLD.certificate


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"old": 1}', b"\xff"])
def test_an_answer_without_certificates_is_none(
    server: CertificateServer, certificates: Certificates, body: bytes
) -> None:
    server.body = body
    with pytest.raises(BackendUnavailable):
        certificates.pem("old")


def test_nobody_listens(clock: Clock) -> None:
    with running_certificate_server() as gone:
        pass
    with pytest.raises(BackendUnavailable):
        Certificates(gone.address, clock=clock).pem("old")


def test_any_transport_of_google_auth_will_do(server: CertificateServer) -> None:
    transport = google.auth.transport.urllib3.Request(urllib3.PoolManager())

    assert Certificates(server.address, transport).pem("old") == OLD.certificate


def test_of_many_threads_one_asks(server: CertificateServer, certificates: Certificates) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: certificates.pem("old"), range(64)))
    assert found == [OLD.certificate] * 64
    assert server.asked == 1
