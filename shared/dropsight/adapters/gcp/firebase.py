"""Callers by their Firebase ID token.

https://firebase.google.com/docs/auth/admin/verify-id-tokens#verify_id_tokens_using_a_third-party_jwt_library
and …/docs/auth/admin/custom-claims

A token holds for an hour: so long a claim that was taken away, or a user who was disabled, has it
yet.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from dropsight.adapters.gcp.certificates import FIREBASE, Certificates
from dropsight.adapters.gcp.tokens import CLOCK_SKEW_S, LONGEST, bearer_token, signed_claims
from dropsight.domain.callers import Caller
from dropsight.domain.errors import Unauthenticated

ISSUER = "https://securetoken.google.com/"
LONGEST_UID = 128
LONGEST_NAME = 200
EMULATOR_VARIABLE = "FIREBASE_AUTH_EMULATOR_HOST"

Callers = Callable[[str | None], Caller]
"""Of the header Authorization. Raises Unauthenticated."""


def firebase_callers(
    project: str,
    environment: Mapping[str, str],
    certificates: Certificates | None = None,
) -> Callers | None:
    """How callers are told apart here; None on a laptop, where there is one.

    project: of Google Cloud, which is Firebase's, too. On Cloud Run (K_SERVICE) tokens are signed;
    beside the Firebase Auth emulator they are not. Raises ValueError where both are set.
    """
    refuse_unsigned_tokens(environment)
    if environment.get(EMULATOR_VARIABLE):
        return lambda header: _caller(_unsigned_claims(bearer_token(header), project), project)
    if not environment.get("K_SERVICE"):
        return None
    issuers = certificates or Certificates(FIREBASE)
    return lambda header: _caller(signed_claims(bearer_token(header), issuers, project), project)


def refuse_unsigned_tokens(environment: Mapping[str, str]) -> None:
    """Anybody can write the tokens of the emulator. Raises ValueError for it on Cloud Run."""
    if environment.get(EMULATOR_VARIABLE) and environment.get("K_SERVICE"):
        raise ValueError(
            f"{EMULATOR_VARIABLE}: found {environment[EMULATOR_VARIABLE]!r} on Cloud Run, where "
            "unsigned tokens would let everybody in; remove the variable"
        )


def _caller(claims: Mapping[str, Any], project: str) -> Caller:
    """Of claims whose signature, times and audience are in order. Raises Unauthenticated."""
    if claims.get("iss") != f"{ISSUER}{project}":
        raise Unauthenticated(f"token: its issuer is not {ISSUER}{project}; sign in again")
    uid, signed_in = claims.get("sub"), claims.get("auth_time")
    if not isinstance(uid, str) or not 0 < len(uid) <= LONGEST_UID:
        raise Unauthenticated(
            f"token: its subject is none; legal are 1 to {LONGEST_UID} characters"
        )
    if not isinstance(signed_in, int | float) or signed_in > time.time() + CLOCK_SKEW_S:
        raise Unauthenticated("token: `auth_time` is no time that has been; sign in again")
    given = claims.get("projects")
    name = claims.get("name") or claims.get("email") or ""
    return Caller(
        uid=uid,
        name=name[:LONGEST_NAME] if isinstance(name, str) else "",
        projects=frozenset(one for one in given if isinstance(one, str))
        if isinstance(given, list)
        else frozenset(),
        admin=claims.get("admin") is True,
    )


def _unsigned_claims(token: str, project: str) -> dict[str, Any]:
    """Of a token of the Firebase Auth emulator, which signs none. Raises Unauthenticated."""
    if len(token) > LONGEST:
        raise Unauthenticated(f"token: found {len(token)} characters, legal are {LONGEST}")
    head, _, rest = token.partition(".")
    body, _, signature = rest.partition(".")
    try:
        header, claims = (json.loads(_decoded(one)) for one in (head, body))
        algorithm, times = header["alg"], (claims["iat"], claims["exp"])
        issued, expires = (float(one) for one in times)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unauthenticated("token: this is none of the Firebase Auth emulator") from error
    now = time.time()
    if algorithm != "none" or signature:
        raise Unauthenticated("token: this is none of the Firebase Auth emulator")
    if not issued - CLOCK_SKEW_S <= now < expires + CLOCK_SKEW_S:
        raise Unauthenticated("token: it has expired, or is not valid yet; sign in again")
    if claims.get("aud") != project:
        raise Unauthenticated(f"token: its audience is not {project}; sign in again")
    found: dict[str, Any] = claims
    return found


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
