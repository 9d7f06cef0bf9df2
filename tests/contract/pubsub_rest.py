"""A subscriber of the Pub/Sub emulator, as little as the tests need."""

from __future__ import annotations

import base64
import json
from typing import Any

import urllib3


def subscribe(host: str, project: str, topic: str) -> None:
    """Create `topic` and a subscription of the same name."""
    _call("PUT", host, f"projects/{project}/topics/{topic}", {})
    _call(
        "PUT",
        host,
        f"projects/{project}/subscriptions/{topic}",
        {"topic": f"projects/{project}/topics/{topic}"},
    )


def pull_one(host: str, project: str, topic: str) -> tuple[str, bytes, dict[str, str]]:
    """Message id, data and attributes of the next message, which is acknowledged."""
    path = f"projects/{project}/subscriptions/{topic}"
    (received,) = _call("POST", host, f"{path}:pull", {"maxMessages": 1})["receivedMessages"]
    _call("POST", host, f"{path}:acknowledge", {"ackIds": [received["ackId"]]})
    message = received["message"]
    return (
        message["messageId"],
        base64.b64decode(message.get("data", "")),
        message.get("attributes", {}),
    )


def _call(method: str, host: str, path: str, body: dict[str, Any]) -> Any:
    answer = urllib3.request(
        method,
        f"http://{host}/v1/{path}",
        body=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    assert answer.status == 200, answer.data
    return answer.json()
