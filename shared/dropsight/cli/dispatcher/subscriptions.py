"""The subscriptions of the laptop: the counterpart of those in terraform/."""

from __future__ import annotations

from dropsight.adapters.embedded.queue import Subscription
from dropsight.domain.events import (
    TOPIC_DEAD_LETTER,
    TOPIC_EXPLAIN,
    TOPIC_FINALIZED,
    TOPIC_PREDICT,
    TOPIC_RESULTS,
    push_subscription,
    webhook_subscription,
)

MAX_ATTEMPTS = 12
"""Enough for a worker's lease (60 s) to run out after a kill while another delivery waits."""


def _push(
    topic: str, ack_deadline_s: float, dead_letter_topic: str | None = TOPIC_DEAD_LETTER
) -> Subscription:
    return Subscription(
        name=push_subscription(topic),
        topic=topic,
        ack_deadline_s=ack_deadline_s,
        min_backoff_s=0.5,
        max_backoff_s=30.0,
        max_attempts=MAX_ATTEMPTS,
        dead_letter_topic=dead_letter_topic,
    )


INGEST = _push(TOPIC_FINALIZED, 120.0)
PREDICT = _push(TOPIC_PREDICT, 60.0)
EXPLAIN = _push(TOPIC_EXPLAIN, 600.0)
# A letter that cannot be recorded has nowhere to go, so it is tried for ever.
DEAD_LETTER = _push(TOPIC_DEAD_LETTER, 60.0, None)

SUBSCRIPTIONS = (INGEST, PREDICT, EXPLAIN, DEAD_LETTER)


def webhook(subscriber: str) -> Subscription:
    """Of one subscriber: another server, which may be away for longer than a part of ours."""
    return Subscription(
        name=webhook_subscription(subscriber),
        topic=TOPIC_RESULTS,
        ack_deadline_s=60.0,
        min_backoff_s=1.0,
        max_backoff_s=600.0,
        max_attempts=20,
        dead_letter_topic=TOPIC_DEAD_LETTER,
    )
