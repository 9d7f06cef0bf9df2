"""One delivery: post it, then acknowledge it, or give it back with the reason."""

from __future__ import annotations

import logging
import re
import threading
import time

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError

from dropsight.adapters.embedded.queue import Delivery, SqliteQueue
from dropsight.cli.dispatcher.routes import Route
from dropsight.domain.errors import DropsightError

log = logging.getLogger(__name__)

ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})
"""Statuses that Pub/Sub push takes as an acknowledgement."""
REASON_LIMIT = 500
"""Characters of an answer that are kept as the reason of a failed delivery."""
CONNECT_TIMEOUT_S = 2.0
LOOK_AGAIN_S = 0.1


class Courier:
    """Posts the deliveries of one route. Used by many threads at once."""

    def __init__(self, route: Route, queue: SqliteQueue, stop: threading.Event) -> None:
        self.route = route
        self._queue = queue
        self._stop = stop
        self._http = urllib3.PoolManager(
            num_pools=1, maxsize=route.outstanding, block=False, retries=False
        )

    def deliver(self, delivery: Delivery) -> None:
        """Raises nothing: what goes wrong is the reason of a nack, or waits for the deadline."""
        try:
            try:
                reason, retry_after_s = self._post(delivery)
            except DropsightError as error:  # a message that cannot be dressed for its receiver
                reason, retry_after_s = f"{error.code}: {error}", 0.0
            if reason is None:
                self._queue.ack(delivery.ack_id)
                return
            log.warning(
                "%s: delivery %d of message %s failed: %s",
                self.route.subscription.name,
                delivery.attempt,
                delivery.message_id,
                reason,
            )
            self._queue.nack(delivery.ack_id, reason, retry_after_s)
        except Exception:
            # Neither acknowledged nor given back: the queue delivers it again after its deadline.
            log.exception("%s: message %s", self.route.subscription.name, delivery.message_id)

    def _post(self, delivery: Delivery) -> tuple[str | None, float]:
        """(None, 0) if acknowledged, else the reason and how long the receiver asked to wait.

        A refused connection is a part that starts again: it has seen nothing, so the attempt is
        not over. Wait for it within the ack deadline.
        """
        subscription = self.route.subscription
        request = self.route.request(delivery, subscription.name)
        deadline = time.monotonic() + subscription.ack_deadline_s
        while True:
            left = deadline - time.monotonic()
            try:
                response = self._http.request(
                    "POST",
                    self.route.url,
                    body=request.body,
                    headers=request.headers,
                    timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=max(left, 0.1)),
                )
            except NewConnectionError:
                if time.monotonic() + LOOK_AGAIN_S < deadline and not self._stop.wait(LOOK_AGAIN_S):
                    continue
                return f"nobody answers at {self.route.url}", 0.0
            except HTTPError as error:
                return f"no answer from {self.route.url}: {error}", 0.0
            if response.status in ACKNOWLEDGED:
                return None, 0.0
            reason = f"{response.status} {_words(response.data)}"
            return reason, _retry_after(response.headers.get("retry-after"))


def _words(body: bytes) -> str:
    """An answer on one line, without the tags of Flask's error pages."""
    text = re.sub(r"<[^>]*>", " ", body.decode("utf-8", "replace"))
    return " ".join(text.split())[:REASON_LIMIT]


def _retry_after(value: str | None) -> float:
    """Seconds (RFC 9110, section 10.2.3); 0 without the header, or where it holds a date."""
    try:
        return max(0.0, float(value or 0))
    except ValueError:
        return 0.0
