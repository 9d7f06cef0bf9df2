"""Signed tokens (JSON Web Tokens, RFC 7519), checked against their issuer's certificates."""

from __future__ import annotations

import logging
from typing import Any

from dropsight.adapters.gcp.certificates import Certificates
from dropsight.domain.errors import BackendUnavailable, Unauthenticated

log = logging.getLogger(__name__)

ALGORITHM = "RS256"
"""What Google signs with. That another is named in a token does not make it legal (RFC 8725)."""
LONGEST = 8192
"""Characters; Firebase allows 1,000 bytes of custom claims."""
CLOCK_SKEW_S = 10


def bearer_token(authorization: str | None) -> str:
    """The token of an `Authorization: Bearer …` header (RFC 6750). Raises Unauthenticated."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            "header Authorization: found none with a token; legal is `Bearer <ID token>`"
        )
    return token.strip()


def signed_claims(token: str, certificates: Certificates, audience: str) -> dict[str, Any]:
    """The claims of `token`, whose signature, times (`iat`, `exp`) and audience are in order.

    Everything else (issuer, subject, …) is for the caller to check. Raises Unauthenticated with a
    sentence that holds nothing of the claims but the audience and times; also where the issuer's
    certificates are not to be had.
    """
    # Not at the top: a laptop has no Google library.
    import google.auth.exceptions  # noqa: PLC0415
    import google.auth.jwt  # noqa: PLC0415

    if not audience:
        raise ValueError("audience: found none; without it any project's token would be good")
    key_id = _key_id(token)
    try:
        pem = certificates.pem(key_id)
    except BackendUnavailable as error:
        log.warning("unauthenticated", extra={"reason": str(error)})
        raise Unauthenticated(
            "the token cannot be checked, for its issuer's certificates cannot be had now; try "
            "again in a moment"
        ) from error
    if pem is None:
        raise Unauthenticated(
            f"token: found key id {key_id[:40]!r}, which is none of its issuer's; sign in again"
        )
    try:
        claims: dict[str, Any] = google.auth.jwt.decode(
            token, certs={key_id: pem}, audience=audience, clock_skew_in_seconds=CLOCK_SKEW_S
        )
    # TypeError: times that are no numbers.
    except (google.auth.exceptions.GoogleAuthError, ValueError, TypeError) as error:
        raise Unauthenticated(f"token: {error}; sign in again") from error
    return claims


def _key_id(token: str) -> str:
    """Of the header, which must ask for our algorithm. Raises Unauthenticated."""
    import google.auth.exceptions  # noqa: PLC0415
    import google.auth.jwt  # noqa: PLC0415

    if len(token) > LONGEST:
        raise Unauthenticated(f"token: found {len(token)} characters, legal are {LONGEST}")
    try:
        header = google.auth.jwt.decode_header(token)
    except (google.auth.exceptions.GoogleAuthError, ValueError, RecursionError) as error:
        # Not what google-auth says: that repeats the token.
        raise Unauthenticated("token: this is no JSON Web Token (RFC 7519)") from error
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm != ALGORITHM:
        raise Unauthenticated(
            f"token: found algorithm {str(algorithm)[:20]!r}, legal is {ALGORITHM}"
        )
    if not isinstance(key_id, str) or not key_id:
        raise Unauthenticated("token: its header has no key id (`kid`)")
    return key_id
