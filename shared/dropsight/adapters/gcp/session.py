"""One pooled, authorised HTTP session to one Google service, or to its emulator."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError

from dropsight.domain.errors import BackendUnavailable, MessageInvalid

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ATTEMPTS = 6
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 3.0
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0
TOTAL_S = 60.0
"""After this long a request that fails is not sent again: the queue's own retries take over."""
CONNECTIONS = 64
OVERLOADED = 429
UNAVAILABLE = frozenset({408, 429, 500, 502, 503, 504})
"""Worth another try: https://cloud.google.com/storage/docs/retry-strategy"""


@dataclass(frozen=True)
class Service:
    """Where a service is, and the variable that names its emulator instead."""

    name: str
    address: str
    emulator_variable: str


STORAGE = Service("Cloud Storage", "https://storage.googleapis.com", "STORAGE_EMULATOR_HOST")
PUBSUB = Service("Pub/Sub", "https://pubsub.googleapis.com", "PUBSUB_EMULATOR_HOST")
FIRESTORE = Service("Firestore", "https://firestore.googleapis.com", "FIRESTORE_EMULATOR_HOST")
IAM_CREDENTIALS = Service(
    "IAM Credentials", "https://iamcredentials.googleapis.com", "IAM_CREDENTIALS_EMULATOR_HOST"
)


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    data: bytes

    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def reason(self) -> str:
        """Google's name of an error, such as ALREADY_EXISTS; empty where the body has none."""
        return str(self._error().get("status", ""))

    @property
    def message(self) -> str:
        return str(self._error().get("message", "")) or self.data[:200].decode(errors="replace")

    def _error(self) -> dict[str, Any]:
        try:
            body = self.json()
        except ValueError:
            return {}
        error = body.get("error") if isinstance(body, dict) else None
        return error if isinstance(error, dict) else {}


class Session:
    """Thread-safe. Tokens are those of the application default credentials (on Cloud Run: of the
    metadata server), fetched on first use and kept until they expire. An emulator gets none."""

    def __init__(self, service: Service, environment: Mapping[str, str] | None = None) -> None:
        self._service = service
        self._base = address_of(service, environment)
        self._anonymous = self._base != service.address
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
            retries=False,
        )
        self._random = random.SystemRandom()
        self._authorising = threading.Lock()
        self._credentials: Any = None

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        *,
        headers: Mapping[str, str] | None = None,
        allow: Collection[int | str] = (),
        repeatable: bool = True,
    ) -> Response:
        """Send until an answer is 2xx or has a status or reason in `allow`.

        Entries of `query` that are None are left out.
        `repeatable=False`: a request whose first sending may have had its effect is not sent again.
        Raises BackendUnavailable when the service does not answer, or refuses who we are;
        MessageInvalid when it refuses what we sent (400, 413).
        """
        url = self._base + path
        given = {key: value for key, value in (query or {}).items() if value is not None}
        if given:
            url = f"{url}?{urlencode(given)}"
        sent = {**(headers or {}), **({"content-type": content_type} if body is not None else {})}
        fault = ""
        last_start = time.monotonic() + TOTAL_S
        for attempt in range(ATTEMPTS):
            if attempt:
                if time.monotonic() > last_start:
                    break
                longest = min(FIRST_BACKOFF_S * 2**attempt, LONGEST_BACKOFF_S)
                time.sleep(self._random.uniform(longest / 2, longest))
            try:
                response = self._send(method, url, body, sent)
            except HTTPError as error:
                fault = f"{type(error).__name__}: {error}"
                if repeatable or isinstance(error, NewConnectionError):
                    continue
                break
            if response.status < 300 or {response.status, response.reason} & set(allow):
                return response
            fault = f"{response.status} {response.reason} {response.message}"
            if response.status in (400, 413):
                raise MessageInvalid(f"{self._service.name} refused {method} {path}: {fault}")
            without_effect = response.status == OVERLOADED or response.reason == "ABORTED"
            if not without_effect and not (repeatable and response.status in UNAVAILABLE):
                break
        raise BackendUnavailable(f"{self._service.name}, {method} {path}: {fault}")

    def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Response:
        sent = dict(headers)
        if not self._anonymous:
            self._authorise(method, url, sent)
        answer = self._pool.request(method, url, body=body, headers=sent, redirect=False)
        return Response(
            answer.status,
            {name.lower(): value for name, value in answer.headers.items()},
            answer.data,
        )

    def service_account(self) -> str:
        """E-mail address of the service account that our credentials are of.

        Raises BackendUnavailable; ValueError where they are of no service account.
        """
        if not self._anonymous:
            self._authorise("GET", self._base, {})
        account: str | None = getattr(self._credentials, "service_account_email", None)
        if not account:
            raise ValueError(
                "DROPSIGHT_SIGNING_SERVICE_ACCOUNT: not set, and the credentials are of no service "
                "account; set it to the e-mail address of one that we may sign for"
            )
        return account

    def _authorise(self, method: str, url: str, headers: dict[str, str]) -> None:
        # Not at the top: an emulator or a unit test needs no Google library.
        import google.auth  # noqa: PLC0415
        import google.auth.exceptions  # noqa: PLC0415
        import google.auth.transport.urllib3  # noqa: PLC0415

        request = google.auth.transport.urllib3.Request(self._pool)
        try:
            with self._authorising:  # one refresh for all threads
                if self._credentials is None:
                    self._credentials, _ = google.auth.default(scopes=[SCOPE], request=request)
                self._credentials.before_request(request, method, url, headers)
        except google.auth.exceptions.GoogleAuthError as error:
            raise BackendUnavailable(f"{self._service.name}: no credentials, {error}") from error


def address_of(service: Service, environment: Mapping[str, str] | None = None) -> str:
    """That of its emulator, where the environment names one.

    `127.0.0.1:8080` and `http://127.0.0.1:8080/` are both usual.
    """
    emulator = (os.environ if environment is None else environment).get(service.emulator_variable)
    if not emulator:
        return service.address
    with_scheme = emulator if "://" in emulator else f"http://{emulator}"
    return with_scheme.rstrip("/")
