"""Which service account has sent a request: by the OIDC token that Google has signed for it.

The checks are those of google-auth's `verify_oauth2_token`, and those that Google asks of receivers
of push requests: https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions#validate
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from dropsight.adapters.gcp.certificates import Certificates
from dropsight.adapters.gcp.tokens import CLOCK_SKEW_S, LONGEST, bearer_token, signed_claims
from dropsight.domain.errors import Unauthenticated

ISSUERS = ("https://accounts.google.com", "accounts.google.com")
SIGNATURE_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
"""What Cloud Run puts in the place of a signature that it has verified, before the container sees
it: https://cloud.google.com/run/docs/authenticating/service-to-service"""


@dataclass(frozen=True)
class ServiceAccounts:
    """Service accounts whose tokens are for `audience`. May be used by many threads."""

    audience: str
    certificates: Certificates
    verified_by_platform: bool = False
    """Whether a signature that Google has removed counts as verified. Only where nobody reaches
    this process but through Cloud Run's own check: anybody can write such a token."""

    def __post_init__(self) -> None:
        if not self.audience:
            raise ValueError("audience: found none; without it a token for anybody would be good")

    def email(self, authorization: str | None) -> str:
        """The e-mail of the caller, from the header `Authorization`. Raises Unauthenticated."""
        token = bearer_token(authorization)
        if self.verified_by_platform and token.endswith(f".{SIGNATURE_REMOVED}"):
            claims = _claims_without_signature(token, self.audience)
        else:
            claims = signed_claims(token, self.certificates, self.audience)
        if claims.get("iss") not in ISSUERS:
            raise Unauthenticated(f"token: found another issuer, legal is {ISSUERS[0]}")
        email = claims.get("email")
        if not isinstance(email, str) or not email:
            raise Unauthenticated("token: names no e-mail; ask for one of a service account")
        if claims.get("email_verified") is not True:
            raise Unauthenticated("token: its e-mail is not verified")
        return email


def _claims_without_signature(token: str, audience: str) -> dict[str, Any]:
    """What `signed_claims` checks, but for the signature. Raises Unauthenticated."""
    import google.auth.exceptions  # noqa: PLC0415 - a laptop has no Google library
    import google.auth.jwt  # noqa: PLC0415

    if len(token) > LONGEST:
        raise Unauthenticated(f"token: found {len(token)} characters, legal are {LONGEST}")
    try:
        claims: dict[str, Any] = google.auth.jwt.decode(token, verify=False)
    except (google.auth.exceptions.GoogleAuthError, ValueError, RecursionError) as error:
        # Not what it says: that repeats the token.
        raise Unauthenticated("token: this is no JSON Web Token (RFC 7519)") from error
    issued, expires = (_seconds(claims, name) for name in ("iat", "exp"))
    now = time.time()
    if not issued - CLOCK_SKEW_S <= now <= expires + CLOCK_SKEW_S:
        raise Unauthenticated(
            f"token: is for the time from {issued:.0f} to {expires:.0f}, and it is {now:.0f} here"
        )
    if claims.get("aud") != audience:
        raise Unauthenticated(f"token: found another audience, legal is {audience}")
    return claims


def _seconds(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unauthenticated(f"token: has no time `{name}`, in seconds since the epoch")
    return value
