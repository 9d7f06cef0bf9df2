"""The instances of one Cloud Run service or function, and the autoscaler over them.

After https://cloud.google.com/run/docs/about-instance-autoscaling: the mean of one minute is held
at 60 % of the CPU and of the concurrency; a request that finds no free slot waits for 10 s or 3.5
times the start of an instance, then gets 429; an idle instance is kept for up to 15 minutes.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque

from dropsight.planning.scenario import Platform, PoolSpec
from dropsight.planning.simulation.clock import Clock
from dropsight.planning.simulation.instance import Instance
from dropsight.planning.simulation.subscription import Subscription

ROUNDING = 1e-6
"""Sums of device time differ in the last digit; that is no load."""
LAST = 1_000_000
"""Added to the load of a surplus instance, so that it is chosen last."""


class Pool:
    def __init__(
        self, spec: PoolSpec, platform: Platform, clock: Clock, chance: random.Random
    ) -> None:
        self.spec = spec
        self.instances: dict[int, Instance] = {}
        """Those that are ready, by number."""
        self.starting = 0
        self.most = 0
        """Instances that existed at once."""
        self.requests = 0
        self.served_s = 0.0
        """Instance-seconds of starts and with a request inside, each period rounded up to a tenth:
        what request-based billing counts."""
        self._clock = clock
        self._platform = platform
        self._random = chance
        self._pending: deque[tuple[float, Subscription, int]] = deque()
        self._inside = 0
        self._choice: list[tuple[int, int]] = []
        self._numbers = 0
        self._patience_s = max(10.0, 3.5 * spec.cold_start_s)
        self._alive_s = 0.0
        self._inside_s = 0.0
        self._device_s_of_ended = 0.0
        self._counted_at = 0.0
        self._window: deque[tuple[float, float, float]] = deque([(0.0, 0.0, 0.0)])
        self._start_credit = float(max(1, self._platform.starts_per_minute))
        self._start_credit_at = 0.0
        for _ in range(spec.min_instances):
            self._add_instance()
        self.most = spec.min_instances

    @property
    def alive(self) -> int:
        """Ready or starting: what instance-based billing counts."""
        return len(self.instances) + self.starting

    @property
    def quiet(self) -> bool:
        return self._inside == 0 and not self._pending

    def alive_seconds(self) -> float:
        """Instance-seconds so far, starts included."""
        self._count()
        return self._alive_s

    def served_seconds(self) -> float:
        """Instance-seconds with a request inside so far."""
        now = self._clock.now
        open_ = sum(now - one.since for one in self.instances.values() if one.load)
        return self.served_s + open_

    def device_seconds(self) -> float:
        return self._device_s_of_ended + sum(
            one.device_seconds() for one in self.instances.values()
        )

    def offer(self, subscription: Subscription, number: int) -> None:
        """See `Endpoint.offer`."""
        self.requests += 1
        self._count()
        instance = self._free()
        if instance is not None:
            self._place(instance, subscription, number)
            return
        self._pending.append((self._clock.now + self._patience_s, subscription, number))
        self._start_for_pending()

    def tick(self) -> None:
        """Answer 429 to who has waited too long. Every second."""
        now = self._clock.now
        while self._pending and self._pending[0][0] <= now:
            _, subscription, number = self._pending.popleft()
            subscription.refuse(number)
        if self._pending:
            self._start_for_pending()

    def scale(self) -> None:
        """One turn of the autoscaler."""
        self._count()
        now, window = self._clock.now, self._window
        device_s = self.device_seconds()
        window.append((now, self._inside_s, device_s))
        while len(window) > 2 and window[1][0] <= now - self._platform.window_s:
            window.popleft()
        since, inside_s, before_s = window[0]
        passed = max(now - since, 1e-9)
        target = self._platform.target
        wanted = (self._inside_s - inside_s) / passed / (self.spec.concurrency * target)
        if self.spec.gpu is None:  # a GPU's load is nothing that the autoscaler sees
            wanted = max(wanted, (device_s - before_s) / passed / target)
        wanted = min(
            self.spec.max_instances, max(self.spec.min_instances, math.ceil(wanted - ROUNDING))
        )
        for _ in range(wanted - self.alive):
            if not self._start():
                break
        self._mark_surplus(wanted)
        self._end_idle()

    def _free(self) -> Instance | None:
        """The ready instance with the least inside and a free slot."""
        choice, instances = self._choice, self.instances
        limit = self.spec.concurrency
        while choice:
            load, number = choice[0]
            instance = instances.get(number)
            if instance is not None and load == self._rank(instance) and instance.load < limit:
                return instance
            heapq.heappop(choice)
        return None

    @staticmethod
    def _rank(instance: Instance) -> int:
        return instance.load + LAST if instance.surplus else instance.load

    def _place(self, instance: Instance, subscription: Subscription, number: int) -> None:
        if instance.load == 0:
            instance.since = self._clock.now
        instance.load += 1
        self._inside += 1
        if instance.load < self.spec.concurrency:
            heapq.heappush(self._choice, (self._rank(instance), instance.number))
        instance.take(subscription, number)

    def _answered(self, instance: Instance, subscription: Subscription, numbers: list[int]) -> None:
        self._count()
        self._inside -= len(numbers)
        instance.load -= len(numbers)
        now = self._clock.now
        if instance.load == 0:
            self.served_s += math.ceil((now - instance.since) * 10 - 1e-6) / 10
            instance.since = now
        heapq.heappush(self._choice, (self._rank(instance), instance.number))
        self._take_pending()
        for number in numbers:
            subscription.finish(number)

    def _take_pending(self) -> None:
        while self._pending:
            instance = self._free()
            if instance is None:
                return
            _, subscription, number = self._pending.popleft()
            self._place(instance, subscription, number)

    def _start_for_pending(self) -> None:
        """On-demand scaling: instances for the requests that wait, those that start counted."""
        missing = math.ceil(len(self._pending) / self.spec.concurrency) - self.starting
        for _ in range(missing):
            if not self._start():
                return

    def _start(self) -> bool:
        """Begin one more instance, if the maximum and the rate of starts allow it."""
        now = self._clock.now
        rate = self._platform.starts_per_minute
        credit = self._start_credit + (now - self._start_credit_at) * rate / 60.0
        self._start_credit = min(float(rate), credit)
        self._start_credit_at = now
        if self.alive >= self.spec.max_instances or self._start_credit < 1.0:
            return False
        self._count()
        self._start_credit -= 1.0
        self.starting += 1
        self.most = max(self.most, self.alive)
        self._clock.at(now + self.spec.cold_start_s, self._started)
        return True

    def _started(self, _: object) -> None:
        self._count()
        self.starting -= 1
        self.served_s += self.spec.cold_start_s  # a start is paid for like a request
        self._add_instance()
        self._take_pending()

    def _add_instance(self) -> None:
        instance = Instance(self._numbers, self._clock, self._random, self._answered)
        self._numbers += 1
        self.instances[instance.number] = instance
        heapq.heappush(self._choice, (0, instance.number))

    def _mark_surplus(self, wanted: int) -> None:
        """All but the first `wanted` instances are chosen last, so that they can become idle."""
        for place, instance in enumerate(self.instances.values()):
            surplus = place >= wanted
            if surplus != instance.surplus:
                instance.surplus = surplus
                heapq.heappush(self._choice, (self._rank(instance), instance.number))

    def _end_idle(self) -> None:
        latest = self._clock.now - self.spec.idle_s
        for number in list(reversed(self.instances)):
            if len(self.instances) <= self.spec.min_instances:
                return
            instance = self.instances[number]
            if instance.load == 0 and instance.since <= latest:
                self._count()
                self._device_s_of_ended += instance.device_seconds()
                del self.instances[number]

    def _count(self) -> None:
        """Bring the sums over time up to now, before anything changes."""
        passed = self._clock.now - self._counted_at
        if passed > 0:
            self._alive_s += passed * (len(self.instances) + self.starting)
            self._inside_s += passed * self._inside
            self._counted_at = self._clock.now
