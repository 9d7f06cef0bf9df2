"""Which subscription is pushed where, and how many deliveries of it may be in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dropsight.adapters.embedded.queue import Delivery, Subscription
from dropsight.cli.dispatcher import envelopes
from dropsight.cli.dispatcher.subscriptions import (
    DEAD_LETTER,
    EXPLAIN,
    INGEST,
    PREDICT,
    webhook,
)

WEBHOOKS_AT_ONCE = 4
"""To one subscriber."""


@dataclass(frozen=True)
class Route:
    """One push subscription with its receiver and its own flow control."""

    subscription: Subscription
    url: str
    outstanding: int
    """Deliveries in flight at once."""
    request: Callable[[Delivery, str], envelopes.Request]
    """Dresses a delivery (and the name of its subscription) as the receiver expects it."""


def routes(ingest_url: str, dead_letter_url: str, inference_url: str, cores: int) -> list[Route]:
    """All of the laptop; what is served first comes first."""
    return [
        Route(PREDICT, f"{inference_url}/pubsub/predict", 32, envelopes.push),
        Route(INGEST, ingest_url, 2 * cores, envelopes.storage_finalized),
        Route(EXPLAIN, f"{inference_url}/pubsub/explain", 4, envelopes.push),
        Route(DEAD_LETTER, dead_letter_url, 2, envelopes.message_published),
    ]


def webhook_routes(notify_url: str, subscribers: Iterable[str]) -> list[Route]:
    """One for each, so that nobody waits for another's slow server."""
    return [
        Route(webhook(one), notify_url, WEBHOOKS_AT_ONCE, envelopes.push) for one in subscribers
    ]
