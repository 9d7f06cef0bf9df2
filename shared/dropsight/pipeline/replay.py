"""Give a dead letter another life."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from dropsight.domain.events import TOPIC_EXPLAIN, TOPIC_RESULTS, DeadLetter, ExplanationRequested
from dropsight.domain.progress import reopen
from dropsight.domain.wire import decode
from dropsight.ports import DeadLetterStore, MessagePublisher, ResultStore


@dataclass(frozen=True)
class Replay:
    dead_letters: DeadLetterStore
    results: ResultStore
    publisher: MessagePublisher

    def __call__(self, message_id: str) -> DeadLetter:
        """Reopen the result, publish the message to the topic it came from, drop the letter.

        A webhook is sent again to the subscriber that it was for; its result has not failed.

        In this order a crash loses nothing: at worst the message is published twice, and every
        step survives that. Raises KeyError if there is no such letter.
        """
        letter = self.dead_letters.get(message_id)
        if letter is None:
            raise KeyError(message_id)
        if letter.result_id is not None and letter.topic != TOPIC_RESULTS:
            asked = (
                decode(letter.data, ExplanationRequested) if letter.topic == TOPIC_EXPLAIN else None
            )
            with contextlib.suppress(KeyError):  # deleted since: the message finds that out
                self.results.update(letter.result_id, lambda r: reopen(r, time.time(), asked))
            # A deleted result stays so, and its message finds that out as well.
        self.publisher.publish(letter.topic, letter.data.encode(), letter.attributes)
        self.dead_letters.delete(message_id)
        return letter
