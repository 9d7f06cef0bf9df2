"""Which tokens are believed: those of the issuer, for us, in their time."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from dropsight.adapters.gcp.certificates import Certificates
from dropsight.adapters.gcp.tokens import LONGEST, bearer_token, signed_claims
from dropsight.domain.errors import Unauthenticated
from tests.emulators.certificate_server import CertificateServer, running_certificate_server
from tests.signed_tokens import segment, signing_key

pytestmark = pytest.mark.contract

OURS, THEIRS = signing_key("ours"), signing_key("theirs")


@pytest.fixture
def server() -> Iterator[CertificateServer]:
    with running_certificate_server() as running:
        running.publish(OURS)
        yield running


@pytest.fixture
def certificates(server: CertificateServer) -> Certificates:
    return Certificates(server.address)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"aud": "audience", "iat": now - 60, "exp": now + 600, "sub": "user", **changes}


def test_a_token_of_the_issuer_gives_its_claims(certificates: Certificates) -> None:
    token = OURS.token(claims(name="value"))
    assert signed_claims(token, certificates, "audience")["name"] == "value"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"exp": 1}, "expired"),
        ({"iat": 2**40}, "too early"),
        ({"aud": "another"}, "wrong audience"),
        ({"aud": None}, "wrong audience"),
        ({"iat": "yesterday"}, "token: "),
        ({"exp": None}, "token: "),
    ],
)
def test_times_and_audience_are_checked(
    certificates: Certificates, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Unauthenticated, match=sentence):
        signed_claims(OURS.token(claims(**changes)), certificates, "audience")


@pytest.mark.parametrize("missing", ["aud", "iat", "exp"])
def test_a_claim_that_is_missing_is_no_yes(certificates: Certificates, missing: str) -> None:
    given = {name: value for name, value in claims().items() if name != missing}
    with pytest.raises(Unauthenticated):
        signed_claims(OURS.token(given), certificates, "audience")


def test_another_key_under_our_key_id_is_not_believed(certificates: Certificates) -> None:
    with pytest.raises(Unauthenticated, match="signature"):
        signed_claims(THEIRS.token(claims(), kid="ours"), certificates, "audience")


def test_a_key_that_the_issuer_has_not_is_not_believed(certificates: Certificates) -> None:
    with pytest.raises(Unauthenticated, match="'theirs', which is none of its issuer's"):
        signed_claims(THEIRS.token(claims()), certificates, "audience")


def test_content_that_was_changed_after_signing_is_not_believed(certificates: Certificates) -> None:
    head, _, signature = OURS.token(claims()).split(".")
    changed = segment(json.dumps(claims(admin=True)).encode())
    with pytest.raises(Unauthenticated, match="signature"):
        signed_claims(f"{head}.{changed}.{signature}", certificates, "audience")


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES256", None, 5, ["RS256"]])
def test_another_algorithm_is_refused_before_its_key_is_asked_for(
    server: CertificateServer, certificates: Certificates, algorithm: Any
) -> None:
    with pytest.raises(Unauthenticated, match="legal is RS256"):
        signed_claims(OURS.token(claims(), alg=algorithm), certificates, "audience")
    assert server.asked == 0


def test_no_signature_at_all_is_not_believed(certificates: Certificates) -> None:
    head, body, _ = OURS.token(claims()).split(".")
    with pytest.raises(Unauthenticated, match="signature"):
        signed_claims(f"{head}.{body}.", certificates, "audience")


def test_the_certificate_is_no_shared_secret(certificates: Certificates) -> None:
    """The attack on libraries that take a public key for an HMAC key where the token says so."""
    head = segment(b'{"alg": "HS256", "kid": "ours"}')
    content = f"{head}.{segment(json.dumps(claims()).encode())}"
    mark = hmac.new(OURS.certificate.encode(), content.encode(), hashlib.sha256).digest()
    with pytest.raises(Unauthenticated, match="legal is RS256"):
        signed_claims(f"{content}.{segment(mark)}", certificates, "audience")


@pytest.mark.parametrize("key_id", [None, "", 7, ["ours"]])
def test_without_a_key_id_no_key_is_tried(certificates: Certificates, key_id: Any) -> None:
    with pytest.raises(Unauthenticated, match="kid"):
        signed_claims(OURS.token(claims(), kid=key_id), certificates, "audience")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "é.é.é",
        "a.b.c.d",
        f"{segment(b'[]')}.{segment(b'{}')}.eHh4",
        f"{segment(b'[' * 5000)}.{segment(b'{}')}.eHh4",
    ],
)
def test_what_is_no_token_is_refused_and_not_repeated(
    certificates: Certificates, token: str
) -> None:
    with pytest.raises(Unauthenticated, match=r"^token: this is no JSON Web Token \(RFC 7519\)$"):
        signed_claims(token, certificates, "audience")


def test_a_token_that_is_too_long_is_not_read(certificates: Certificates) -> None:
    with pytest.raises(Unauthenticated, match="characters"):
        signed_claims(OURS.token(claims(more="x" * LONGEST)), certificates, "audience")


def test_while_the_issuer_is_down_nobody_is_let_in(
    server: CertificateServer, certificates: Certificates
) -> None:
    server.status = 500
    with pytest.raises(Unauthenticated, match="try again in a moment"):
        signed_claims(OURS.token(claims()), certificates, "audience")


def test_an_audience_must_be_asked_for(certificates: Certificates) -> None:
    with pytest.raises(ValueError, match="audience"):
        signed_claims(OURS.token(claims()), certificates, "")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_a_request_without_a_bearer_token_says_what_is_legal(header: str | None) -> None:
    with pytest.raises(Unauthenticated, match="Bearer <ID token>"):
        bearer_token(header)


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_the_scheme_is_read_without_regard_to_case(header: str) -> None:
    assert bearer_token(header) == "abc"
