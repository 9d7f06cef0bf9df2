"""A Pub/Sub push subscription: slow start, backoff, ack deadline, dead letters.

After https://cloud.google.com/pubsub/docs/push ("Delivery rate", "Push backoff") and
https://cloud.google.com/pubsub/docs/handling-failures. What those pages leave open is an
assumption, named in `scenario.Platform`.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from dropsight.planning.scenario import Platform, SubscriptionSpec
from dropsight.planning.simulation.clock import Clock
from dropsight.planning.simulation.stages import Stage

WAITING, OUTSTANDING, ACKED, DEAD = range(4)
SLOW_S = 1.0
"""Above this mean latency the window stays at Pub/Sub's lower limit."""
LATENCY_SHARE = 0.05
"""Weight of the newest answer in the mean latency."""


class Endpoint(Protocol):
    def offer(self, subscription: Subscription, number: int) -> None:
        """Take a push; the answer is `subscription.finish` or `subscription.refuse`."""
        ...


class Subscription:
    def __init__(
        self, clock: Clock, stage: Stage, spec: SubscriptionSpec, platform: Platform
    ) -> None:
        self.stage = stage
        self.endpoint: Endpoint
        self.published: list[float] = []
        """By message: when, in seconds."""
        self.requests = 0
        """Pushes, repeated ones included."""
        self.refused = 0
        self.expired = 0
        self.settled = 0
        """Acknowledged, or dead."""
        self.dead = 0
        self.most_outstanding = 0
        """Pushes that were out at once."""
        self._clock = clock
        self._spec = spec
        self._platform = platform
        self._window = float(platform.first_window)
        self._outstanding = 0
        self._backlog: deque[int] = deque()
        self._deadlines: deque[tuple[float, int, int]] = deque()
        self._state = bytearray()
        self._attempts: list[int] = []
        self._pushed_at: list[float] = []
        self._in_work = bytearray()
        self._done = bytearray()
        self._oldest = 0
        self._latency_s = 0.0
        self._paused_until = 0.0
        self._pause_s = 0.0

    def publish(self, file: int, key: int, seconds: float) -> None:
        """A new message about `file`; it can be pushed once Pub/Sub has carried it."""
        stage = self.stage
        number = len(self.published)
        stage.file.append(file)
        stage.key.append(key)
        stage.seconds.append(seconds)
        self.published.append(self._clock.now)
        self._state.append(WAITING)
        self._in_work.append(0)
        self._done.append(0)
        self._attempts.append(0)
        self._pushed_at.append(0.0)
        self._clock.at(self._clock.now + self._platform.delivery_s, self._due, number)

    @property
    def unacked(self) -> int:
        return len(self.published) - self.settled

    def oldest_age(self) -> float:
        """Seconds since the oldest message that is not settled was published; 0 without one."""
        state, oldest = self._state, self._oldest
        while oldest < len(state) and state[oldest] >= ACKED:
            oldest += 1
        self._oldest = oldest
        return self._clock.now - self.published[oldest] if oldest < len(state) else 0.0

    def finish(self, number: int) -> None:
        """The endpoint has done the work and answers with success."""
        self._in_work[number] = 0
        self._done[number] = 1
        self.stage.finished(number)
        if self._state[number] == OUTSTANDING:
            self._ack(number)

    def refuse(self, number: int) -> None:
        """429 or 503: nobody worked on it."""
        self._in_work[number] = 0
        if self._state[number] == OUTSTANDING:
            self.refused += 1
            self._nack(number)
        elif self._state[number] == DEAD:
            self.stage.given_up(number)

    def tick(self) -> None:
        """Deliveries whose ack deadline has passed come again; the work on them goes on."""
        now, deadlines = self._clock.now, self._deadlines
        while deadlines and deadlines[0][0] <= now:
            _, number, attempt = deadlines.popleft()
            if self._state[number] == OUTSTANDING and self._attempts[number] == attempt:
                self.expired += 1
                self._nack(number)

    def _due(self, number: int) -> None:
        self._backlog.append(number)
        self._push_what_may_go()

    def _push_what_may_go(self, _: object = None) -> None:
        backlog = self._backlog
        while (
            backlog and self._outstanding < self._window and self._clock.now >= self._paused_until
        ):
            self._push(backlog.popleft())

    def _push(self, number: int) -> None:
        now = self._clock.now
        self.requests += 1
        self._outstanding += 1
        self._attempts[number] += 1
        self._state[number] = OUTSTANDING
        self._pushed_at[number] = now
        if self._done[number]:  # its work was done after the deadline: answered at once
            self._ack(number)
        elif self._in_work[number]:  # another worker has the lease
            self.refused += 1
            self._nack(number)
        else:
            self._in_work[number] = 1
            deadline = (now + self._spec.ack_deadline_s, number, self._attempts[number])
            self._deadlines.append(deadline)
            self.most_outstanding = max(self.most_outstanding, self._outstanding)
            self.endpoint.offer(self, number)

    def _ack(self, number: int) -> None:
        self._state[number] = ACKED
        self.settled += 1
        self._outstanding -= 1
        self._pause_s = 0.0
        latency = self._clock.now - self._pushed_at[number]
        self._latency_s += LATENCY_SHARE * (latency - self._latency_s)
        full = self._platform.full_window
        if self._window < full:
            self._window += 1.0  # doubles with every round of answers
        elif self._latency_s < SLOW_S:
            self._window += full / self._window
        else:
            self._window = float(full)
        self._push_what_may_go()

    def _nack(self, number: int) -> None:
        now = self._clock.now
        self._outstanding -= 1
        attempts = self._attempts[number]
        if attempts >= self._spec.max_attempts:
            self._state[number] = DEAD
            self.settled += 1
            self.dead += 1
            if not self._done[number] and not self._in_work[number]:
                self.stage.given_up(number)
        else:
            self._state[number] = WAITING
            spec = self._spec
            wait = min(spec.max_backoff_s, spec.min_backoff_s * 2.0 ** (attempts - 1))
            self._clock.at(now + wait, self._due, number)
        if now >= self._paused_until:  # failures during a pause do not make it longer
            platform = self._platform
            self._window = max(float(platform.first_window), self._window / 2)
            self._pause_s = min(
                platform.longest_pause_s, max(platform.shortest_pause_s, 2 * self._pause_s)
            )
            self._paused_until = now + self._pause_s
            self._clock.at(self._paused_until, self._push_what_may_go)
