"""Callers by their Firebase ID token: which are believed, and what they may."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import google.auth.transport.urllib3
import pytest
import urllib3
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import id_token

from dropsight.adapters.gcp.certificates import FIREBASE, GOOGLE, PAUSE_S, Certificates
from dropsight.adapters.gcp.firebase import ISSUER, Callers, firebase_callers
from dropsight.domain.callers import Caller
from dropsight.domain.errors import Unauthenticated
from tests.emulators.certificate_server import CertificateServer, running_certificate_server
from tests.signed_tokens import segment, signing_key

pytestmark = pytest.mark.contract

PROJECT = "our-project"
CLOUD_RUN = {"K_SERVICE": "api"}
EMULATOR = {"FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:9099"}
KEY, NEXT, STRANGER = (signing_key(name) for name in ("firebase", "next", "stranger"))


@pytest.fixture
def server() -> Iterator[CertificateServer]:
    with running_certificate_server() as running:
        running.publish(KEY)
        yield running


@pytest.fixture
def callers(server: CertificateServer) -> Callers:
    found = firebase_callers(PROJECT, CLOUD_RUN, Certificates(server.address))
    assert found is not None
    return found


@pytest.fixture
def emulated() -> Callers:
    found = firebase_callers(PROJECT, EMULATOR)
    assert found is not None
    return found


def claims(**changes: Any) -> dict[str, Any]:
    """Those of a real ID token; a change to None leaves a claim out."""
    now = int(time.time())
    whole = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "auth_time": now - 300,
        "user_id": "u1",
        "sub": "u1",
        "iat": now - 60,
        "exp": now + 3540,
        "name": "Ada",
        "email": "ada@example.test",
        "firebase": {"sign_in_provider": "password"},
        "projects": ["north", "south"],
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def unsigned(given: dict[str, Any]) -> str:
    head = segment(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return f"Bearer {head}.{segment(json.dumps(given).encode())}."


def signed(given: dict[str, Any], **header: Any) -> str:
    return f"Bearer {KEY.token(given, **header)}"


def test_a_token_says_who_asks_and_what_they_may(callers: Callers) -> None:
    assert callers(signed(claims())) == Caller("u1", "Ada", frozenset({"north", "south"}), False)
    assert callers(signed(claims(admin=True))).admin


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"name": None}, "ada@example.test"), ({"name": None, "email": None}, ""), ({"name": 5}, "")],
)
def test_a_name_is_not_needed(callers: Callers, changes: dict[str, Any], name: str) -> None:
    assert callers(signed(claims(**changes))).name == name


@pytest.mark.parametrize("projects", [None, [], "north", {"north": True}, [1, None], True])
def test_without_projects_nothing_may_be_seen(callers: Callers, projects: Any) -> None:
    assert callers(signed(claims(projects=projects))).projects == frozenset()


@pytest.mark.parametrize("admin", [None, False, "true", 1, ["true"], {}])
def test_only_true_makes_an_administrator(callers: Callers, admin: Any) -> None:
    assert callers(signed(claims(admin=admin))).admin is False


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"aud": "another-project"}, "audience"),
    ({"aud": None}, "audience"),
    ({"iss": "https://securetoken.google.com/another-project"}, "issuer"),
    ({"iss": "https://accounts.google.com"}, "issuer"),
    ({"iss": None}, "issuer"),
    ({"exp": 1_600_000_000}, "expired"),
    ({"exp": None}, "token:"),
    ({"iat": 4_000_000_000}, "token:"),
    ({"iat": None}, "token:"),
    ({"sub": None}, "subject"),
    ({"sub": ""}, "subject"),
    ({"sub": 7}, "subject"),
    ({"sub": "x" * 129}, "subject"),
    ({"auth_time": None}, "auth_time"),
    ({"auth_time": 4_000_000_000}, "auth_time"),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG)
def test_every_claim_that_must_be_right_is_looked_at(
    callers: Callers, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Unauthenticated, match=sentence):
        callers(signed(claims(**changes)))


@pytest.mark.parametrize(("changes", "sentence"), WRONG)
def test_beside_the_emulator_they_are_looked_at_as_well(
    emulated: Callers, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Unauthenticated):
        emulated(unsigned(claims(**changes)))


def test_googles_own_check_agrees(server: CertificateServer) -> None:
    """The library that asks for the certificates each time, sent to ours: whom it lets in, and whom
    not. `auth_time`, and a subject that is too long, it leaves to its caller."""
    to_ours = google.auth.transport.urllib3.Request(urllib3.PoolManager())

    def check(token: str) -> Any:
        def request(address: str, method: str, **options: Any) -> Any:
            assert address == FIREBASE
            return to_ours(server.address, method=method, **options)

        return id_token.verify_firebase_token(token, request, audience=PROJECT)

    assert check(KEY.token(claims()))["sub"] == "u1"
    for changes, _ in WRONG:
        if "auth_time" not in changes and len(str(changes.get("sub", ""))) < 100:
            with pytest.raises((ValueError, GoogleAuthError, TypeError)):
                check(KEY.token(claims(**changes)))


def test_certificates_are_where_googles_own_library_looks_for_them() -> None:
    assert id_token._GOOGLE_APIS_CERTS_URL == FIREBASE
    assert id_token._GOOGLE_OAUTH2_CERTS_URL == GOOGLE
    assert id_token._FIREBASE_ISSUER_PREFIX == ISSUER


def test_tokens_of_another_key_are_not_believed(callers: Callers) -> None:
    for token in (STRANGER.token(claims()), STRANGER.token(claims(), kid=KEY.key_id)):
        with pytest.raises(Unauthenticated):
            callers(f"Bearer {token}")


def test_keys_are_rotated(server: CertificateServer) -> None:
    now = [0.0]
    callers = firebase_callers(
        PROJECT, CLOUD_RUN, Certificates(server.address, clock=lambda: now[0])
    )
    assert callers is not None
    callers(signed(claims()))
    server.publish(NEXT)
    now[0] += PAUSE_S

    assert callers(f"Bearer {NEXT.token(claims())}").uid == "u1"
    with pytest.raises(Unauthenticated, match="key id"):
        callers(signed(claims()))


def test_while_certificates_cannot_be_had_nobody_is_let_in(
    server: CertificateServer, callers: Callers
) -> None:
    server.status = 503
    with pytest.raises(Unauthenticated, match="try again in a moment"):
        callers(signed(claims()))


def test_unsigned_tokens_are_believed_beside_the_emulator_only(
    callers: Callers, emulated: Callers
) -> None:
    token = unsigned(claims(admin=True))

    assert emulated(token).admin
    with pytest.raises(Unauthenticated, match="found algorithm 'none', legal is RS256"):
        callers(token)


@pytest.mark.parametrize(
    "header", [None, "Bearer x", "Bearer a.b.", "Bearer e30.e30.", "Bearer bnVsbA.bnVsbA.", ""]
)
def test_what_is_no_token_is_none_beside_the_emulator_either(
    emulated: Callers, header: str | None
) -> None:
    with pytest.raises(Unauthenticated):
        emulated(header)


def test_a_token_that_is_too_long_is_none_beside_the_emulator_either(emulated: Callers) -> None:
    with pytest.raises(Unauthenticated, match="characters, legal are 8192"):
        emulated(unsigned(claims(more="x" * 8192)))


def test_a_signed_token_is_none_of_the_emulator(emulated: Callers) -> None:
    with pytest.raises(Unauthenticated, match="none of the Firebase Auth emulator"):
        emulated(signed(claims()))


def test_on_a_laptop_nobody_is_told_apart() -> None:
    assert firebase_callers(PROJECT, {}) is None


def test_on_cloud_run_the_emulator_is_refused() -> None:
    with pytest.raises(ValueError, match="unsigned tokens would let everybody in"):
        firebase_callers(PROJECT, {**CLOUD_RUN, **EMULATOR})
