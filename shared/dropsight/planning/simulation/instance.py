"""One instance of a Cloud Run service: a device that works on one thing after the other.

As in the container (`batching.py`, `device.py`): what waits for the same model goes in one batch,
models take turns, and an explanation gives way between two of its chunks.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from dropsight.planning.simulation.clock import Clock
from dropsight.planning.simulation.subscription import Subscription

Turn = tuple[Subscription, int]
"""Whose messages, of which key."""


class Instance:
    """`answered(instance, subscription, numbers)` is called with every answer."""

    __slots__ = (
        "_answered",
        "_background",
        "_clock",
        "_explaining",
        "_pushed_back_s",
        "_random",
        "_turns",
        "_waiting",
        "_working",
        "_working_until",
        "busy_s",
        "busy_since",
        "load",
        "number",
        "since",
        "surplus",
    )

    def __init__(
        self,
        number: int,
        clock: Clock,
        chance: random.Random,
        answered: Callable[[Instance, Subscription, list[int]], None],
    ) -> None:
        self.number = number
        self.load = 0
        """Requests inside."""
        self.surplus = False
        """Over what the autoscaler wants: gets a request only where all others are full."""
        self.since = clock.now
        """When the first request came in; of an idle instance, when the last one left."""
        self.busy_s = 0.0
        """Device time of all periods of work that have ended."""
        self.busy_since = -1.0
        """When the device began to work without a pause; negative while it has none."""
        self._clock = clock
        self._random = chance
        self._answered = answered
        self._waiting: dict[Turn, deque[int]] = {}
        self._turns: deque[Turn] = deque()
        self._background: deque[tuple[Subscription, int]] = deque()
        self._working = False
        self._working_until = 0.0
        self._explaining = False
        self._pushed_back_s = 0.0

    def device_seconds(self) -> float:
        """Device time so far."""
        return self.busy_s + (self._clock.now - self.busy_since if self.busy_since >= 0 else 0.0)

    def take(self, subscription: Subscription, number: int) -> None:
        """A request that has a free slot here."""
        if subscription.stage.background:
            self._background.append((subscription, number))
            if not self._explaining:
                self._explain_next()
            return
        turn = (subscription, subscription.stage.key[number])
        waiting = self._waiting.get(turn)
        if waiting is None:
            waiting = self._waiting[turn] = deque()
        if not waiting:
            self._turns.append(turn)
        waiting.append(number)
        if not self._working:
            self._work_next()

    def _work_next(self) -> None:
        if not self._turns:
            self._working = False
            self._rest()
            return
        self._working = True
        self._wake()
        if self._explaining:
            subscription, number = self._background[0]
            chunk_s = subscription.stage.chunk_s
            if chunk_s:  # somewhere inside the chunk that runs
                left_s = self._random.random() * chunk_s[subscription.stage.key[number]]
                self._working_until = self._clock.now + left_s
                self._clock.at(self._working_until, self._begin_batch)
                return
        self._begin_batch(None)

    def _begin_batch(self, _: object) -> None:
        turn = self._turns.popleft()
        waiting = self._waiting[turn]
        subscription, key = turn
        stage = subscription.stage
        size = min(len(waiting), stage.largest_batch(key))
        numbers = [waiting.popleft() for _ in range(size)]
        if waiting:
            self._turns.append(turn)
        seconds = stage.batch_seconds(key, numbers)
        if self._explaining:
            self._pushed_back_s += seconds
        self._working_until = self._clock.now + seconds
        self._clock.at(self._working_until, self._end_batch, (subscription, numbers))

    def _end_batch(self, batch: tuple[Subscription, list[int]]) -> None:
        self._answer(*batch)
        self._work_next()

    def _explain_next(self) -> None:
        if not self._background:
            self._explaining = False
            self._rest()
            return
        self._explaining = True
        self._wake()
        subscription, number = self._background[0]
        # What the device is at now goes first.
        self._pushed_back_s = max(0.0, self._working_until - self._clock.now)
        seconds = subscription.stage.seconds[number]
        self._clock.at(self._clock.now + seconds, self._end_explanation)

    def _end_explanation(self, _: object) -> None:
        if self._pushed_back_s > 0.0:
            later = self._clock.now + self._pushed_back_s
            self._pushed_back_s = 0.0
            self._clock.at(later, self._end_explanation)
            return
        subscription, number = self._background.popleft()
        self._answer(subscription, [number])
        self._explain_next()

    def _answer(self, subscription: Subscription, numbers: list[int]) -> None:
        """The calls after the computation keep the slot, and no device."""
        wait = subscription.stage.answer_s
        if wait > 0.0:
            self._clock.at(self._clock.now + wait, self._give_answer, (subscription, numbers))
        else:
            self._answered(self, subscription, numbers)

    def _give_answer(self, answer: tuple[Subscription, list[int]]) -> None:
        self._answered(self, *answer)

    def _wake(self) -> None:
        if self.busy_since < 0:
            self.busy_since = self._clock.now

    def _rest(self) -> None:
        if not self._working and not self._explaining and self.busy_since >= 0:
            self.busy_s += self._clock.now - self.busy_since
            self.busy_since = -1.0
