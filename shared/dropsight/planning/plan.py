"""Plans: a scenario simulated, or the smallest set-up for a day or a burst found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from dropsight.planning.arrivals import DAY_S, busiest_hour
from dropsight.planning.cost import (
    Bill,
    bill,
    spent_over_time,
    unit_costs,
    usage_of,
    usage_of_a_day,
)
from dropsight.planning.limits import touched
from dropsight.planning.picture import Curve, Panel, draw
from dropsight.planning.prices import Prices
from dropsight.planning.report import Report
from dropsight.planning.scenario import ArrivalSpec, Scenario
from dropsight.planning.search import Promise, smallest
from dropsight.planning.simulation.run import Outcome, simulate
from dropsight.planning.simulation.scale import enlarged, enlarged_scenario, scale_for, shrunk
from dropsight.planning.times import Times
from dropsight.planning.workload import make_workload

HOUR_S = 3600.0
WHOLE_DAY = 100_000
"""Up to so many files a day is simulated whole; over it, its busiest hour."""

Told = Callable[[str], None]
replace = msgspec.structs.replace


@dataclass(frozen=True)
class Basis:
    times: Times
    prices: Prices
    free_tier: bool = False


def plan_simulation(
    scenario: Scenario, promise: Promise | None, basis: Basis, told: Told = lambda _: None
) -> Report:
    """Simulate `scenario` as it is, or with `promise` find its smallest pools.

    Raises PlanInvalid.
    """
    scenario, outcome, is_kept = _simulated(scenario, promise, basis, told)
    return _report(scenario, outcome, promise, is_kept, basis, None, 0, [])


def plan_day(
    files: int, scenario: Scenario, promise: Promise, basis: Basis, told: Told = lambda _: None
) -> Report:
    """The smallest pools for `files` a day that land as `scenario.arrivals.profile` says.

    Raises PlanInvalid.
    """
    arrivals = replace(scenario.arrivals, files=files, over_s=DAY_S)
    notes = []
    share = 1.0
    if files > WHOLE_DAY:
        share = busiest_hour(arrivals)
        arrivals = ArrivalSpec(files=max(1, round(files * share)), over_s=HOUR_S, profile="random")
        notes.append(
            f"simulated is the busiest hour, {arrivals.files:,} of the {files:,} files, from idle; "
            "the month is that hour by the share of its files"
        )
    scenario, outcome, is_kept = _simulated(
        replace(scenario, arrivals=arrivals, ends_after_s=2 * DAY_S), promise, basis, told
    )
    month = _month(scenario, outcome, share, basis)
    return _report(scenario, outcome, promise, is_kept, basis, month, 30 * files, notes)


def _simulated(
    scenario: Scenario, promise: Promise | None, basis: Basis, told: Told
) -> tuple[Scenario, Outcome, bool]:
    scale = scale_for(scenario)
    small = shrunk(scenario, scale) if scale > 1 else scenario
    workload = make_workload(small, basis.times)
    if promise is None:
        return scenario, enlarged(simulate(small, workload), scale), True
    found = smallest(small, workload, promise, told)
    larger = enlarged_scenario(found.scenario, scenario, scale)
    return larger, enlarged(found.outcome, scale), found.is_kept


def _month(scenario: Scenario, outcome: Outcome, share: float, basis: Basis) -> Bill:
    """Thirty such days."""
    day = usage_of_a_day(outcome, scenario, basis.times, share)
    usage = {name: 30.0 * quantity for name, quantity in day.items()}
    return bill(usage, basis.prices, 1.0 if basis.free_tier else 0.0)


def _report(
    scenario: Scenario,
    outcome: Outcome,
    promise: Promise | None,
    is_kept: bool,
    basis: Basis,
    month: Bill | None,
    files_of_month: int,
    notes: list[str],
) -> Report:
    asked: dict[str, float] = {}
    if promise is not None:
        asked["found"] = promise.found_s
        if promise.explained_s is not None:
            asked["explained"] = promise.explained_s
    return Report(
        scenario=scenario,
        times=basis.times,
        prices=basis.prices,
        outcome=outcome,
        bill=bill(usage_of(outcome, scenario, basis.times), basis.prices),
        month=month,
        files_of_month=files_of_month,
        units=unit_costs(scenario, basis.times, basis.prices),
        # A maximum that was looked for is what is used, so it says nothing that it is reached.
        touched=[
            one
            for one in touched(outcome, scenario)
            if promise is None or one.name != "maxInstances"
        ],
        files=scenario.arrivals.files,
        promise=asked,
        is_kept=is_kept,
        notes=[*notes, *_assumptions(scenario, promise, basis)],
    )


def _assumptions(scenario: Scenario, promise: Promise | None, basis: Basis) -> list[str]:
    """What a reader must know before believing the figures."""
    notes = []
    if promise is not None:
        notes.append(
            "`at most` is the least that keeps the promise at this load; leave room above it"
        )
    if (scale := scale_for(scenario)) > 1:
        notes.append(
            f"each simulated file stands for {scale}, each instance too; `scale: 1` in the "
            "scenario simulates every one"
        )
    notes += [
        f"a call of Cloud Storage, Firestore or Pub/Sub is taken to last "
        f"{1000 * scenario.platform.call_s:g} ms; nobody has measured that for dropsight"
    ]
    for name, pool in scenario.pools.items():
        measured = all(basis.times.model(one).device == "cuda" for one in scenario.mix)
        if pool.gpu is not None and not measured:
            notes.append(
                f"{name}: the GPU is ASSUMED to be {pool.speed:g} times as fast as "
                f"{basis.times.machine.description}; it was not measured"
            )
        elif pool.speed != 1.0:
            notes.append(f"{name}: assumed to be {pool.speed:g} times as fast as was measured")
        elif pool.gpu is None and name != scenario.pool_of("ingest"):
            cores = basis.times.machine.cpu_cores
            if pool.cpu != cores:
                notes.append(
                    f"{name}: has {pool.cpu:g} CPU, but the times are of {cores}; say with `speed` "
                    "what you expect, or measure"
                )
    if basis.free_tier:
        notes.append("a month's free quantities are taken off")
    return notes


def picture(report: Report) -> str:
    """The simulated time as SVG."""
    outcome, scenario = report.outcome, report.scenario
    samples = outcome.samples
    stages, pools = list(outcome.stages), list(outcome.pools)
    spent = spent_over_time(outcome, scenario, report.times, report.prices)
    mix = ", ".join(f"{name} {share:.0%}" for name, share in scenario.mix.items())
    return draw(
        f"{report.files:,} files in {_span(scenario.arrivals.over_s)}",
        f"{mix}; times of {report.times.machine.cpu_cores} CPU cores; simulated",
        [sample.at_s for sample in samples],
        [
            Panel(
                "oldest message that waits",
                [Curve(n, [one.oldest_s[at] for one in samples]) for at, n in enumerate(stages)],
                is_seconds=True,
            ),
            Panel(
                "messages that wait",
                [Curve(n, [one.unacked[at] for one in samples]) for at, n in enumerate(stages)],
            ),
            Panel(
                "instances, starting ones included",
                [Curve(n, [one.instances[at] for one in samples]) for at, n in enumerate(pools)],
            ),
            Panel(f"spent, {report.prices.currency}", [Curve("spent", spent)]),
        ],
    )


def _span(seconds: float) -> str:
    for name, size in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:g} {name}"
    return "an hour" if seconds == HOUR_S else "a minute" if seconds == 60 else f"{seconds:g} s"
