"""Pub/Sub over its REST API. https://cloud.google.com/pubsub/docs/reference/rest"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote

from dropsight.adapters.gcp.session import Session


class PubSubPublisher:
    """MessagePublisher to the topics of one project."""

    def __init__(self, session: Session, project: str) -> None:
        self._session = session
        self._project = project

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None) -> str:
        """After a lost answer the message is sent again, so it may be delivered twice, as any may.

        Raises BackendUnavailable also for a topic that does not exist.
        """
        message = {
            "data": base64.b64encode(data).decode(),
            "attributes": dict(attributes or {}),
        }
        response = self._session.request(
            "POST",
            f"/v1/projects/{quote(self._project, safe='')}/topics/{quote(topic, safe='')}:publish",
            body=json.dumps({"messages": [message]}).encode(),
        )
        (message_id,) = response.json()["messageIds"]
        return str(message_id)
