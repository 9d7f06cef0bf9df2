"""From quantities to money. What has no price is named and left out of the sums, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dropsight.planning.arrivals import DAY_S
from dropsight.planning.operations import CALLS
from dropsight.planning.prices import Prices
from dropsight.planning.scenario import STAGES, PoolSpec, Scenario, StageName
from dropsight.planning.simulation.run import Outcome, PoolCount, Sample
from dropsight.planning.times import ModelTimes, Times
from dropsight.planning.usage import (
    PoolSeconds,
    Usage,
    explanation_usage,
    file_usage,
    pool_usage,
    repeated_usage,
    total,
)

GROUPS: dict[str, str] = {
    "cloudRun": "compute",
    "pubsub": "messages",
    "firestore": "documents",
    "storage": "objects",
    "internet": "objects",
    "logging": "logs",
}
"""Beginning of a price's name to the group that it is told under."""


@dataclass(frozen=True)
class Bill:
    amount: float
    by_group: dict[str, float]
    unpriced: list[str]
    """Prices that are unknown and would have been needed."""


def bill(usage: Mapping[str, float], prices: Prices, free_months: float = 0.0) -> Bill:
    """free_months: how many months' free quantities to take off."""
    by_group: dict[str, float] = {}
    unpriced = []
    for name, quantity in usage.items():
        if quantity <= 0.0:
            continue
        price = prices.prices.get(name)
        taken = max(0.0, quantity - (price.free * free_months if price else 0.0))
        amount = price.of(taken) if price else None
        if amount is None:
            unpriced.append(name)
            continue
        group = next(group for prefix, group in GROUPS.items() if name.startswith(prefix))
        by_group[group] = by_group.get(group, 0.0) + amount
    return Bill(sum(by_group.values()), by_group, sorted(unpriced))


@dataclass(frozen=True)
class UnitCost:
    """Of 1,000 files at full use: no instance is idle or starting, every batch is full."""

    model: str
    explanations: tuple[str, ...]
    compute: dict[StageName, float]
    rest: float
    """Messages, documents, objects, logs."""

    @property
    def amount(self) -> float:
        return sum(self.compute.values()) + self.rest


def unit_costs(scenario: Scenario, times: Times, prices: Prices) -> list[UnitCost]:
    """For each model of the mix: no explanation, each method alone, and all of them."""
    rows = []
    for name in scenario.mix:
        model = times.model(name)
        methods = tuple(model.explanations)
        choices = [(), *((one,) for one in methods), methods] if len(methods) > 1 else [(), methods]
        rows += [
            unit_cost(name, choice, scenario, model, prices) for choice in dict.fromkeys(choices)
        ]
    return rows


def unit_cost(
    name: str, methods: tuple[str, ...], scenario: Scenario, model: ModelTimes, prices: Prices
) -> UnitCost:
    batch = scenario.batch_size
    seconds: dict[StageName, float] = {
        # One request at a time: its calls are paid for as well.
        "ingest": model.ingest_ms / 1000,
        "predict": model.batch_table(batch)[batch] / batch,
        "explain": sum(model.explanations[one].ms for one in methods) / 1000,
    }
    requests = {"ingest": 1, "predict": 1, "explain": len(methods)}
    compute = {}
    for stage in STAGES:
        spec = scenario.pools[scenario.pool_of(stage)]
        busy = seconds[stage] / spec.speed + _waiting(spec, stage, scenario) * requests[stage]
        usage = pool_usage(spec, PoolSeconds(busy, busy, requests[stage]))
        compute[stage] = 1000 * bill(usage, prices).amount
    rest = total(
        (1000.0, file_usage(model, scenario)),
        *((1000.0, explanation_usage(model.explanations[one], scenario)) for one in methods),
    )
    return UnitCost(name, methods, compute, bill(rest, prices).amount)


def _waiting(spec: PoolSpec, stage: StageName, scenario: Scenario) -> float:
    """Seconds that an instance waits for calls with nothing else to do: only where it takes one
    request at a time."""
    return CALLS[stage] * scenario.platform.call_s if spec.concurrency == 1 else 0.0


def usage_of(outcome: Outcome, scenario: Scenario, times: Times) -> Usage:
    """All that a simulated time used, the keeping of its results included."""
    parts = [
        (1.0, _pool_usage(scenario.pools[name], one, outcome.ended_s))
        for name, one in outcome.pools.items()
    ]
    return total(*parts, *_by_message(outcome, scenario, times))


def usage_of_a_day(outcome: Outcome, scenario: Scenario, times: Times, share: float) -> Usage:
    """A whole day's, from the `share` of its files that was simulated (1.0: all of them).

    Instances that are kept warm are so day and night; the others follow the files.
    """
    parts = []
    for name, one in outcome.pools.items():
        spec = scenario.pools[name]
        warm = spec.min_instances * DAY_S
        seconds = PoolSeconds(
            alive=max(one.alive_s / share, warm),
            served=one.served_s / share,
            requests=round(one.requests / share),
            warm=warm,
        )
        parts.append((1.0, pool_usage(spec, seconds)))
    files = [(count / share, usage) for count, usage in _by_message(outcome, scenario, times)]
    return total(*parts, *files)


def _pool_usage(spec: PoolSpec, count: PoolCount, elapsed_s: float) -> Usage:
    warm = spec.min_instances * elapsed_s
    return pool_usage(spec, PoolSeconds(count.alive_s, count.served_s, count.requests, warm))


def _by_message(outcome: Outcome, scenario: Scenario, times: Times) -> list[tuple[float, Usage]]:
    """What files and explanations use but for instances, each with how many there were."""
    parts = [
        (float(count), file_usage(times.model(name), scenario))
        for name, count in outcome.files.items()
    ]
    parts += [
        (float(count), explanation_usage(times.model(name).explanations[method], scenario))
        for (name, method), count in outcome.explanations.items()
    ]
    parts += [(1.0, repeated_usage(one.pushes, one.messages)) for one in outcome.stages.values()]
    return parts


def spent_over_time(
    outcome: Outcome, scenario: Scenario, times: Times, prices: Prices
) -> list[float]:
    """The sum so far at each sample: instances by their seconds, the rest by messages settled."""
    everything = usage_of(outcome, scenario, times)
    last = outcome.samples[-1]
    compute = [_compute(sample, outcome, scenario, prices) for sample in outcome.samples]
    rest = bill(everything, prices).amount - compute[-1]
    done = max(1, sum(last.settled))
    return [
        so_far + rest * sum(sample.settled) / done
        for so_far, sample in zip(compute, outcome.samples, strict=True)
    ]


def _compute(sample: Sample, outcome: Outcome, scenario: Scenario, prices: Prices) -> float:
    parts = []
    for at, name in enumerate(outcome.pools):
        spec = scenario.pools[name]
        warm = spec.min_instances * sample.at_s
        seconds = PoolSeconds(sample.alive_s[at], sample.served_s[at], sample.requests[at], warm)
        parts.append((1.0, pool_usage(spec, seconds)))
    return bill(total(*parts), prices).amount
