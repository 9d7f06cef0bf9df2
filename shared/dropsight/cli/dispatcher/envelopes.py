"""How a message looks on the wire: CloudEvents (binary mode) and Pub/Sub push bodies.

CloudEvents 1.0 HTTP protocol binding, section 3.1; `google.cloud.storage.object.v1.finalized` and
`google.cloud.pubsub.topic.v1.messagePublished` as Eventarc sends them; Pub/Sub push as documented
under "Receive messages using a push subscription".
"""

from __future__ import annotations

import base64
import datetime
import json
from dataclasses import dataclass
from typing import Any

from dropsight.adapters.embedded.queue import Delivery
from dropsight.domain.events import ObjectFinalized
from dropsight.domain.wire import decode

PROJECT = "dropsight-local"


@dataclass(frozen=True)
class Request:
    headers: dict[str, str]
    body: bytes


def storage_finalized(delivery: Delivery, _subscription: str) -> Request:
    """A queued ObjectFinalized as Cloud Storage's CloudEvent: 64-bit numbers are strings."""
    event = decode(delivery.data, ObjectFinalized)
    at = _rfc3339(delivery.publish_time)
    body = {
        "kind": "storage#object",
        "id": f"{event.bucket}/{event.name}/{event.generation}",
        "bucket": event.bucket,
        "name": event.name,
        "generation": str(event.generation),
        "metageneration": "1",
        "size": str(event.size),
        "contentType": event.content_type,
        "timeCreated": at,
        "metadata": event.metadata,
    }
    return _cloud_event(
        delivery.message_id,
        "google.cloud.storage.object.v1.finalized",
        f"//storage.googleapis.com/projects/_/buckets/{event.bucket}",
        at,
        body,
        # Header values are ASCII: CloudEvents percent-encodes the rest (section 3.1.3.2).
        subject=f"objects/{event.name}",
    )


def message_published(delivery: Delivery, subscription: str) -> Request:
    """A message as the CloudEvent that Eventarc makes of it."""
    return _cloud_event(
        delivery.message_id,
        "google.cloud.pubsub.topic.v1.messagePublished",
        f"//pubsub.googleapis.com/projects/{PROJECT}/topics/{delivery.topic}",
        _rfc3339(delivery.publish_time),
        _envelope(delivery, subscription),
    )


def push(delivery: Delivery, subscription: str) -> Request:
    """A message as the body of a Pub/Sub push, wrapped."""
    body = _envelope(delivery, subscription)
    body["deliveryAttempt"] = delivery.attempt
    return Request({"content-type": "application/json"}, json.dumps(body).encode())


def _envelope(delivery: Delivery, subscription: str) -> dict[str, Any]:
    return {
        "message": {
            "data": base64.b64encode(delivery.data).decode(),
            "attributes": dict(delivery.attributes),
            "messageId": delivery.message_id,
            "publishTime": _rfc3339(delivery.publish_time),
        },
        "subscription": f"projects/{PROJECT}/subscriptions/{subscription}",
    }


def _cloud_event(
    identity: str, kind: str, source: str, at: str, body: dict[str, Any], subject: str | None = None
) -> Request:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": identity,
        "ce-type": kind,
        "ce-source": _header_value(source),
        "ce-time": at,
        "content-type": "application/json",
    }
    if subject is not None:
        headers["ce-subject"] = _header_value(subject)
    return Request(headers, json.dumps(body).encode())


def _header_value(text: str) -> str:
    """Percent-encode what a CloudEvents HTTP header may not hold: space, `"`, `%`, not ASCII."""
    return "".join(
        one
        if "!" <= one <= "~" and one not in '"%'
        else "".join(f"%{byte:02X}" for byte in one.encode("utf-8", "surrogatepass"))
        for one in text
    )


def _rfc3339(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
