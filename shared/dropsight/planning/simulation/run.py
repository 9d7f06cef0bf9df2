"""Runs a workload through ingest, predict and explain, and keeps what happened."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.planning.scenario import Scenario, StageName
from dropsight.planning.simulation.clock import Clock
from dropsight.planning.simulation.pool import Pool
from dropsight.planning.simulation.stages import Stage
from dropsight.planning.simulation.subscription import Subscription
from dropsight.planning.workload import Asked, Workload

SAMPLES = 720
"""At most about so many points of the curves over time."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """One moment. By stage or by pool, in their order."""

    at_s: float
    unacked: list[int]
    oldest_s: list[float]
    instances: list[int]
    """Ready or starting."""
    alive_s: list[float]
    """Instance-seconds since the beginning."""
    served_s: list[float]
    requests: list[int]
    settled: list[int]
    """Messages."""


@dataclass(frozen=True)
class StageCount:
    messages: int
    pushes: int
    refused: int
    """Pushes that were answered 429 or 503."""
    expired: int
    """Pushes whose ack deadline passed."""
    dead: int
    most_outstanding: int
    """Pushes that were out at once."""


@dataclass(frozen=True)
class PoolCount:
    most: int
    """Instances at once."""
    alive_s: float
    served_s: float
    device_s: float
    requests: int


@dataclass(frozen=True)
class Outcome:
    """Times in seconds since the beginning; NaN where it never came to that."""

    arrived: Floats
    prepared: Floats
    found: Floats
    explained: Floats
    explained_files: int
    """Files among these that any explanation was asked for."""
    ended_s: float
    drained: bool
    """Whether all messages were settled when the simulation ended."""
    samples: list[Sample]
    stages: dict[StageName, StageCount]
    pools: dict[str, PoolCount]
    files: dict[str, int]
    """By model."""
    explanations: dict[tuple[str, str], int]
    """Messages by model and method."""


class Simulation:
    def __init__(self, scenario: Scenario, workload: Workload) -> None:
        self._scenario = scenario
        self._work = workload
        self._clock = clock = Clock()
        chance = random.Random(scenario.seed)  # noqa: S311 (a simulation must repeat)
        self._chance = chance
        self._pools = {
            name: Pool(spec, scenario.platform, clock, chance)
            for name, spec in scenario.pools.items()
        }
        self._subscriptions: dict[StageName, Subscription] = {}
        answer = workload.answer_s
        stages: dict[StageName, Stage] = {
            "ingest": Stage(answer_s=answer["ingest"], finished=self._prepared),
            "predict": Stage(
                answer_s=answer["predict"],
                batches=workload.predict_s,
                finished=self._predicted,
            ),
            "explain": Stage(
                background=True,
                answer_s=answer["explain"],
                chunk_s=workload.chunk_s,
                finished=self._explained,
                given_up=self._explained_never,
            ),
        }
        for name, stage in stages.items():
            subscription = Subscription(clock, stage, scenario.subscription, scenario.platform)
            subscription.endpoint = self._pools[scenario.pool_of(name)]
            self._subscriptions[name] = subscription
        count = workload.files
        self._arrivals: list[float] = workload.arrivals.tolist()
        self._models: list[int] = workload.model.tolist()
        self._next = 0
        self._at: dict[str, list[float]] = {
            name: [float("nan")] * count for name in ("prepared", "found", "explained")
        }
        self._missing = [0] * count
        self._spoilt = bytearray(count)
        self._explained_files = 0
        self._asked_count: dict[tuple[int, str], int] = {}
        self._samples: list[Sample] = []
        self._sample_every = 1.0
        self._seconds = 0

    def run(self) -> Outcome:
        if self._arrivals:
            self._clock.at(self._arrivals[0], self._land)
        self._clock.at(0.0, self._tick)
        with _without_collector():
            self._clock.run(self._scenario.ends_after_s)
        self._sample()
        return self._outcome()

    # What becomes of a file.

    def _land(self, _: object) -> None:
        file = self._next
        self._next += 1
        if self._next < len(self._arrivals):
            self._clock.at(self._arrivals[self._next], self._land)
        model = self._models[file]
        self._subscriptions["ingest"].publish(file, model, self._work.ingest_s[model])

    def _prepared(self, number: int) -> None:
        file = self._subscriptions["ingest"].stage.file[number]
        self._at["prepared"][file] = self._clock.now
        self._subscriptions["predict"].publish(file, self._models[file], 0.0)

    def _predicted(self, number: int) -> None:
        file = self._subscriptions["predict"].stage.file[number]
        self._at["found"][file] = self._clock.now
        model = self._models[file]
        asked = [one for one in self._work.asked[model] if self._is_asked(one)]
        self._missing[file] = len(asked)
        if not asked:
            return
        self._explained_files += 1
        for one in asked:
            key = model, one.method
            self._asked_count[key] = self._asked_count.get(key, 0) + 1
            self._subscriptions["explain"].publish(file, model, one.seconds)

    def _is_asked(self, one: Asked) -> bool:
        return one.share >= 1.0 or self._chance.random() < one.share

    def _explained(self, number: int) -> None:
        file = self._subscriptions["explain"].stage.file[number]
        self._missing[file] -= 1
        if not self._missing[file] and not self._spoilt[file]:
            self._at["explained"][file] = self._clock.now

    def _explained_never(self, number: int) -> None:
        self._spoilt[self._subscriptions["explain"].stage.file[number]] = 1

    # What happens every second.

    def _tick(self, _: object) -> None:
        for subscription in self._subscriptions.values():
            subscription.tick()
        for pool in self._pools.values():
            pool.tick()
        if self._seconds % round(self._scenario.platform.autoscale_every_s) == 0:
            for pool in self._pools.values():
                pool.scale()
        if self._clock.now >= len(self._samples) * self._sample_every:
            self._sample()
            if len(self._samples) >= 2 * SAMPLES:  # the run is longer than it seemed
                self._samples = self._samples[::2]
                self._sample_every *= 2
        self._seconds += 1
        self._clock.at(float(self._seconds), self._tick)
        self._clock.stopped = self._settled() and not any(
            pool.alive > pool.spec.min_instances or not pool.quiet for pool in self._pools.values()
        )

    def _settled(self) -> bool:
        return self._next == len(self._arrivals) and not any(
            one.unacked for one in self._subscriptions.values()
        )

    def _sample(self) -> None:
        pools, subscriptions = self._pools.values(), self._subscriptions.values()
        self._samples.append(
            Sample(
                at_s=self._clock.now,
                unacked=[one.unacked for one in subscriptions],
                oldest_s=[one.oldest_age() for one in subscriptions],
                instances=[one.alive for one in pools],
                alive_s=[one.alive_seconds() for one in pools],
                served_s=[one.served_seconds() for one in pools],
                requests=[one.requests for one in pools],
                settled=[one.settled for one in subscriptions],
            )
        )

    def _outcome(self) -> Outcome:
        return Outcome(
            arrived=self._work.arrivals,
            prepared=np.array(self._at["prepared"]),
            found=np.array(self._at["found"]),
            explained=np.array(self._at["explained"]),
            explained_files=self._explained_files,
            ended_s=self._clock.now,
            drained=self._settled(),
            samples=self._samples,
            stages={
                name: StageCount(
                    messages=len(one.published),
                    pushes=one.requests,
                    refused=one.refused,
                    expired=one.expired,
                    dead=one.dead,
                    most_outstanding=one.most_outstanding,
                )
                for name, one in self._subscriptions.items()
            },
            pools={
                name: PoolCount(
                    most=one.most,
                    alive_s=one.alive_seconds(),
                    served_s=one.served_seconds(),
                    device_s=one.device_seconds(),
                    requests=one.requests,
                )
                for name, one in self._pools.items()
            },
            files={
                name: int((self._work.model == index).sum())
                for index, name in enumerate(self._work.models)
            },
            explanations={
                (self._work.models[model], method): count
                for (model, method), count in self._asked_count.items()
            },
        )


def simulate(scenario: Scenario, workload: Workload) -> Outcome:
    """The same scenario and workload give the same outcome, to the last digit."""
    return Simulation(scenario, workload).run()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of tuples and no cycles among them: looking for some takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
