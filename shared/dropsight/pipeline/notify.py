"""Last step: whoever has asked to be told of results is told, one subscriber by each message.

Every subscriber has a subscription of its own, so that one that is slow or gone delays nobody else
(docs/decisions/0014-a-subscription-for-each-subscriber.md).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dropsight.domain.errors import MessageInvalid, PermanentError
from dropsight.domain.events import (
    SUBSCRIBER_ATTRIBUTE,
    TOPIC_RESULTS,
    DeadLetter,
    PushEnvelope,
    ResultChanged,
    subscriber_of,
)
from dropsight.domain.results import Result
from dropsight.domain.webhooks import Message, event_type, message_id, webhook
from dropsight.domain.wire import decode, encode
from dropsight.pipeline.envelopes import malformed_letter, open_envelope
from dropsight.ports import DeadLetterStore, Notifier, ResultStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notify:
    """What the step needs, built once by the entry point."""

    results: ResultStore
    dead_letters: DeadLetterStore
    notifier: Notifier
    subscribers: Mapping[str, str]
    """Addresses by name."""
    events: Collection[str] = ()
    """Types that are told of; empty: all."""
    api_address: str = ""
    """Where clients find the API; empty: webhooks say nothing of it."""

    def __call__(self, body: bytes) -> bool:
        """Take one push of the topic of changes; whether its subscriber was told.

        It is not where there is nothing to tell: it has been removed, does not want this type, or
        the result has been deleted since. What it refuses for good, and what cannot be read, is
        kept as a dead letter. Raises TransientError (deliver again).
        """
        try:
            envelope, data = open_envelope(body)
            change = decode(data, ResultChanged)
        except MessageInvalid as error:
            self.dead_letters.put(malformed_letter(body, TOPIC_RESULTS, error))
            return False
        subscriber = subscriber_of(envelope.subscription)
        result = self._wanted(subscriber, envelope, change)
        if result is None or subscriber is None:
            return False
        told = webhook(change, result, self.api_address)
        message = Message(message_id(change), encode(told))
        what = {"result_id": change.result_id, "subscriber": subscriber, "type": told.type}
        try:
            self.notifier.notify(self.subscribers[subscriber], message)
        except PermanentError as error:
            self._keep(envelope, subscriber, change, error)
            log.warning("subscriber not told", extra={**what, "reason": str(error)})
            return False
        log.info("subscriber told", extra=what)
        return True

    def _wanted(
        self, subscriber: str | None, envelope: PushEnvelope, change: ResultChanged
    ) -> Result | None:
        """The result that `subscriber` wants to be told of, or None."""
        alone = envelope.message.attributes.get(SUBSCRIBER_ATTRIBUTE, subscriber)
        if subscriber not in self.subscribers or subscriber != alone:
            return None
        if self.events and event_type(change) not in self.events:
            return None
        result = self.results.get(change.result_id)
        if result is not None and result.is_deleted and change.change != "deleted":
            return None
        return result

    def _keep(
        self, envelope: PushEnvelope, subscriber: str, change: ResultChanged, error: PermanentError
    ) -> None:
        """As the dead-letter topic would have it; `dropsight dlq replay` sends it again."""
        self.dead_letters.put(
            DeadLetter(
                # The subscriptions of all subscribers deliver under the same message id.
                message_id=f"{envelope.message.message_id}-{subscriber}",
                topic=TOPIC_RESULTS,
                data=encode(change).decode(),
                attributes={**envelope.message.attributes, SUBSCRIBER_ATTRIBUTE: subscriber},
                attempts=envelope.delivery_attempt,
                reason=f"{error.code}: {error}",
                failed_at=time.time(),
                result_id=change.result_id,
            )
        )
