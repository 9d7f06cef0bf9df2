"""What subscribers are told, and how it is signed: Standard Webhooks 1.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dropsight.domain.errors import AccessRefused
from dropsight.domain.events import ResultChanged
from dropsight.domain.results import Finding, Result
from dropsight.domain.wire import Record, replace

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

SECRET_PREFIX = "whsec_"  # noqa: S105 (the same for everybody)
SECRET_BYTES = range(24, 65)
TOLERANCE_S = 300
"""How old, or how far in the future, a signed message may be: nobody sends a recorded one again."""

MOST_LISTED = 100
"""Findings, explanations and artifacts of one webhook, each; the API has the rest."""


class WebhookData(Record, kw_only=True, frozen=True):
    """The result as it stands, which may be further on than the change that is told of."""

    result: Result
    """Without candidates, masks, provenance and leases, and with at most 100 of each list."""
    left_out: dict[str, int] = {}
    """How many there are beyond those here, by list: `findings`, `explanations`, `artifacts`."""
    address: str | None = None
    """Where the API gives the whole document, and its artifacts below `/artifacts/<name>`."""


class Webhook(Record, kw_only=True, frozen=True):
    """The body of one webhook."""

    type: str
    """`result.` and what happened: `result.predicted`."""
    timestamp: str
    """When it happened (RFC 3339)."""
    data: WebhookData


@dataclass(frozen=True)
class Message:
    """What is posted: the same id and content each time that it is sent for one change."""

    id: str
    body: bytes


def event_type(change: ResultChanged) -> str:
    return f"result.{change.change}"


def message_id(change: ResultChanged) -> str:
    """Stable, so that receivers can tell a second delivery from a second change."""
    told = f"{change.result_id}/{change.change}/{change.revision}"
    digest = base64.b32encode(hashlib.sha256(told.encode()).digest()).decode().lower()
    return f"msg_{digest[:26]}"


def webhook(change: ResultChanged, result: Result, api: str = "") -> Webhook:
    """`api`: where the API is, without a slash at the end; empty: no address in the message."""
    findings = [replace(one, mask=None) for one in result.findings if _is_told(one)]
    lists: dict[str, Sequence[Record]] = {
        "findings": findings,
        "explanations": result.explanations,
        "artifacts": result.artifacts,
    }
    shown = replace(
        result,
        provenance=[],
        candidates=None,
        leases={},
        findings=findings[:MOST_LISTED],
        explanations=result.explanations[:MOST_LISTED],
        artifacts=result.artifacts[:MOST_LISTED],
    )
    return Webhook(
        type=event_type(change),
        timestamp=datetime.fromtimestamp(change.changed_at, UTC).isoformat(),
        data=WebhookData(
            result=shown,
            left_out={
                name: len(whole) - MOST_LISTED
                for name, whole in lists.items()
                if len(whole) > MOST_LISTED
            },
            address=f"{api}/v1/results/{result.result_id}" if api else None,
        ),
    )


def read_secrets(text: str) -> tuple[bytes, ...]:
    """The keys of `whsec_<base64>`, several separated by spaces or commas while one is replaced.

    Raises ValueError without repeating any of them.
    """
    return tuple(_read_secret(one, number) for number, one in enumerate(_words(text), 1))


def signature_headers(secrets: Sequence[bytes], message: Message, now: float) -> dict[str, str]:
    """The three headers of one attempt at `now`, seconds since the epoch; a signature by each."""
    timestamp = str(int(now))
    signatures = (f"v1,{_sign(one, message.id, timestamp, message.body)}" for one in secrets)
    return {
        ID_HEADER: message.id,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: " ".join(signatures),
    }


def verify(secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The id of a message that one of `secrets` has signed lately. Raises AccessRefused.

    headers
        By name in lower case.
    """
    missing = [
        name for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER) if not headers.get(name)
    ]
    if missing:
        raise AccessRefused(f"header {missing[0]}: missing; every webhook carries it")
    timestamp = headers[TIMESTAMP_HEADER]
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise AccessRefused(f"header {TIMESTAMP_HEADER}: expected seconds since the epoch")
    age = now - int(timestamp)
    if abs(age) > TOLERANCE_S:
        raise AccessRefused(
            f"header {TIMESTAMP_HEADER}: {age:.0f} s away from this clock, legal are {TOLERANCE_S}"
        )
    given = [
        one.removeprefix("v1,")
        for one in headers[SIGNATURE_HEADER].split(" ")
        if one.startswith("v1,")
    ]
    expected = [_sign(one, headers[ID_HEADER], timestamp, body) for one in secrets]
    if not any(
        hmac.compare_digest(mine.encode(), theirs.encode()) for mine in expected for theirs in given
    ):
        raise AccessRefused(
            f"header {SIGNATURE_HEADER}: fits none of the {len(expected)} secrets that are known"
        )
    return headers[ID_HEADER]


def _sign(secret: bytes, identity: str, timestamp: str, body: bytes) -> str:
    content = f"{identity}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()


def _read_secret(text: str, number: int) -> bytes:
    try:
        encoded = text.removeprefix(SECRET_PREFIX)
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(SECRET_PREFIX) or len(key) not in SECRET_BYTES:
        raise ValueError(
            f"secret {number}: expected {SECRET_PREFIX} and base64 of {SECRET_BYTES[0]} to "
            f"{SECRET_BYTES[-1]} random bytes, as `dropsight webhook secret` prints it"
        )
    return key


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _is_told(finding: Finding) -> bool:
    """Every label of a classifier; of objects those at or above their operating point."""
    return finding.box is None or finding.positive is not False
