"""Tells of a result that has moved, where somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dropsight.domain.events import TOPIC_RESULTS, ResultChanged
from dropsight.domain.wire import encode
from dropsight.ports import MessagePublisher
from dropsight.settings import Settings

Announce = Callable[[Sequence[ResultChanged]], None]
"""Called by a step after its commit and before its message is acknowledged."""


def nobody_listens(_changes: Sequence[ResultChanged]) -> None:
    """Nothing is published, so that a system without subscribers pays for none."""


def announcer(publisher: MessagePublisher, settings: Settings) -> Announce:
    """What the settings want. The one that publishes raises BackendUnavailable."""
    if not settings.publishes_changes:
        return nobody_listens

    def announce(changes: Sequence[ResultChanged]) -> None:
        for change in changes:
            publisher.publish(TOPIC_RESULTS, encode(change), {"resultId": change.result_id})

    return announce
