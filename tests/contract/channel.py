"""Both ends of a topic, whatever carries it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dropsight.ports import MessagePublisher


@dataclass(frozen=True)
class Received:
    message_id: str
    data: bytes
    attributes: dict[str, str]


@dataclass(frozen=True)
class Channel:
    """A publisher and what a subscriber of `topic` gets next."""

    publisher: MessagePublisher
    topic: str
    receive: Callable[[], Received]
