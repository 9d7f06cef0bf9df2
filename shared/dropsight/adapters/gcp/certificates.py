"""The certificates that an issuer of tokens signs with, kept for as long as it allows.

google-auth asks for them anew with each token (its issue 178). The answer says how long it holds
(RFC 9111: `max-age`, less the `Age` that a cache on the way adds); that is followed here.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from dropsight.domain.errors import BackendUnavailable

log = logging.getLogger(__name__)

FIREBASE = (
    "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
)
"""Of Firebase Auth's ID tokens: https://firebase.google.com/docs/auth/admin/verify-id-tokens"""
GOOGLE = "https://www.googleapis.com/oauth2/v1/certs"
"""Of the OIDC tokens of service accounts, as Pub/Sub's push requests carry them."""

DEFAULT_LIFETIME_S = 300.0
"""Where the answer says nothing of its age."""
LONGEST_LIFETIME_S = 24 * 3600.0
STALE_S = 600.0
"""While the issuer does not answer, certificates are used this long beyond their time."""
PAUSE_S = 10.0
"""Between two requests after one that failed, or that a key nobody knows has caused."""
TIMEOUT_S = 5.0


class Certificates:
    """Certificates by key id, in PEM. May be used by many threads: one of them asks, all wait."""

    def __init__(
        self,
        address: str,
        transport: Callable[..., Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`transport`: one of google-auth's (`google.auth.transport.Request`); its own for urllib3
        where none is given. `clock`: seconds, never going back."""
        self._address = address
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Mapping[str, str] = {}
        self._expires = self._ask_again = float("-inf")

    def pem(self, key_id: str) -> str | None:
        """The certificate of this key, or None where the issuer has none of that name (any more).

        A key that is not known may be a new one: then the issuer is asked, but not at the pace of
        those who make names up. Raises BackendUnavailable where it does not answer and what is
        known of it is too old.
        """
        with self._lock:
            now = self._clock()
            expired = now >= self._expires
            if (expired or key_id not in self._known) and now >= self._ask_again:
                self._refresh(now)
            if now >= self._expires + STALE_S:
                raise BackendUnavailable(
                    f"{self._address} does not answer, so no token can be checked; try again",
                    retry_after_s=PAUSE_S,
                )
            return self._known.get(key_id)

    def _refresh(self, now: float) -> None:
        self._ask_again = now + PAUSE_S
        try:
            self._known, lifetime = self._fetch()
        except BackendUnavailable as error:
            log.warning("certificates", extra={"endpoint": self._address, "reason": str(error)})
            return
        self._expires = now + lifetime

    def _fetch(self) -> tuple[dict[str, str], float]:
        # Not at the top: whoever only imports this needs no Google library.
        import google.auth.exceptions  # noqa: PLC0415

        if self._transport is None:
            self._transport = _own_transport()
        try:
            answer = self._transport(self._address, method="GET", timeout=TIMEOUT_S)
        except google.auth.exceptions.TransportError as error:
            raise BackendUnavailable(f"{self._address}: {error}") from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if answer.status != 200:
            raise BackendUnavailable(f"{self._address}: answered {answer.status}")
        try:
            found = json.loads(answer.data)
        except ValueError as error:
            raise BackendUnavailable(f"{self._address}: answered no JSON") from error
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise BackendUnavailable(f"{self._address}: answered no certificates by key id")
        return found, _lifetime(headers)


def _own_transport() -> Callable[..., Any]:
    import google.auth.transport.urllib3  # noqa: PLC0415
    import urllib3  # noqa: PLC0415

    transport: Callable[..., Any] = google.auth.transport.urllib3.Request(
        urllib3.PoolManager(retries=False)
    )
    return transport


def _lifetime(headers: Mapping[str, str]) -> float:
    """Seconds that the answer holds from now on. 'public, max-age=600' at Age 60 -> 540."""
    given = re.search(r"(?:^|[\s,])max-age=(\d{1,10})", headers.get("cache-control", ""), re.I)
    if given is None:
        return DEFAULT_LIFETIME_S
    age = headers.get("age", "")
    passed = int(age) if age.isascii() and age.isdigit() else 0
    return min(max(int(given[1]) - passed, 0.0), LONGEST_LIFETIME_S)
