"""What one message asks of an instance: the tables that turn messages into seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Stage:
    """Ingest, predict or explain.

    A message has a number, counted from 0 in the order of publishing, and a key: messages of one
    key (one model) can share a forward pass.
    """

    background: bool = False
    """Explanations: one at a time, and every batch goes before them."""
    answer_s: float = 0.0
    """From the end of the computation to the answer: calls that keep no device busy."""
    file: list[int] = field(default_factory=list)
    """By message: which upload it is about."""
    key: list[int] = field(default_factory=list)
    """By message."""
    seconds: list[float] = field(default_factory=list)
    """By message: the time of its own on the device. Used where `batches` has no table."""
    batches: Sequence[Sequence[float]] = ()
    """By key, then by number of messages in the batch: seconds of the device; [0] is unused."""
    chunk_s: Sequence[float] = ()
    """By key: the longest time that a background job keeps the device from a batch."""
    finished: Callable[[int], None] = lambda _: None
    """Called once for each message, when its work is done."""
    given_up: Callable[[int], None] = lambda _: None
    """Called once for a message that became a dead letter with its work undone."""

    def largest_batch(self, key: int) -> int:
        return len(self.batches[key]) - 1 if self.batches else 1

    def batch_seconds(self, key: int, numbers: Sequence[int]) -> float:
        if self.batches:
            return self.batches[key][len(numbers)]
        return self.seconds[numbers[0]]
