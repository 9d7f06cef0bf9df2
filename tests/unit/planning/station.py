"""One queue and its instances, with nothing of the platform in between: what theory speaks of."""

from __future__ import annotations

import random
from collections.abc import Sequence

from dropsight.planning.scenario import Platform, PoolSpec, SubscriptionSpec
from dropsight.planning.simulation.clock import Clock
from dropsight.planning.simulation.pool import Pool
from dropsight.planning.simulation.stages import Stage
from dropsight.planning.simulation.subscription import Subscription

BARE = Platform(delivery_s=0.0, first_window=10**9, full_window=10**9)
"""Messages arrive at once, and all that are there are pushed."""


class Station:
    """Stages that share one pool; every published message is noted when it is done."""

    def __init__(
        self,
        *stages: Stage,
        pool: PoolSpec,
        platform: Platform = BARE,
        subscription: SubscriptionSpec | None = None,
        seconds_between_ticks: float = 1.0,
    ) -> None:
        self.clock = Clock()
        self.pool = Pool(pool, platform, self.clock, random.Random(0))  # noqa: S311 (a simulation must repeat)
        self.done: list[dict[int, float]] = [{} for _ in stages]
        self.given_up: list[list[int]] = [[] for _ in stages]
        self.subscriptions: list[Subscription] = []
        self._expected = 0
        self._ticks = seconds_between_ticks
        spec = subscription or SubscriptionSpec(ack_deadline_s=1e9)
        for place, stage in enumerate(stages):
            stage.finished = self._note(place)
            stage.given_up = self.given_up[place].append
            one = Subscription(self.clock, stage, spec, platform)
            one.endpoint = self.pool
            self.subscriptions.append(one)

    def _note(self, place: int):
        def finished(number: int) -> None:
            assert number not in self.done[place], "done twice"
            self.done[place][number] = self.clock.now

        return finished

    def publish(self, place: int, at_s: Sequence[float], seconds: Sequence[float]) -> None:
        """Messages of one stage, in the order of `at_s`."""
        self._expected += len(at_s)

        def land(number: int) -> None:
            if number + 1 < len(at_s):
                self.clock.at(at_s[number + 1], land, number + 1)
            self.subscriptions[place].publish(number, 0, seconds[number])

        self.clock.at(at_s[0], land, 0)

    def run(self, until: float = 1e12) -> None:
        """Until every message is settled, or `until`."""
        self.clock.at(0.0, self._tick)
        self.clock.run(until)

    def _tick(self, _: object) -> None:
        for one in self.subscriptions:
            one.tick()
        self.pool.tick()
        self.pool.scale()
        self.clock.stopped = sum(one.settled for one in self.subscriptions) == self._expected
        self.clock.at(self.clock.now + self._ticks, self._tick)

    def waits(self, place: int) -> list[float]:
        """By message: seconds from publishing to the end of its work."""
        published = self.subscriptions[place].published
        return [self.done[place][number] - published[number] for number in range(len(published))]


def fixed(instances: int, concurrency: int = 1) -> PoolSpec:
    """So many instances, always."""
    return PoolSpec(
        min_instances=instances,
        max_instances=instances,
        concurrency=concurrency,
        cold_start_s=1e9,  # and so nobody is ever refused for having waited too long
    )
