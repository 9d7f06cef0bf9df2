"""The smallest set-up that keeps its promise: instances to keep warm, and instances at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np

from dropsight.planning.scenario import STAGES, Scenario, StageName
from dropsight.planning.simulation.run import Outcome, simulate
from dropsight.planning.workload import Workload

replace = msgspec.structs.replace
MOST_WARM = 512
ENOUGH = 0.95


@dataclass(frozen=True)
class Promise:
    """In seconds from landing, for 95 of 100 files; and no message becomes a dead letter."""

    found_s: float
    explained_s: float | None = None

    def is_kept_by(self, outcome: Outcome) -> bool:
        if any(one.dead for one in outcome.stages.values()):
            return False
        kept = percentile(outcome, "found", 95) <= self.found_s
        if self.explained_s is None or not outcome.explained_files:
            return kept
        return kept and percentile(outcome, "explained", 95) <= self.explained_s


def percentile(outcome: Outcome, what: str, share: float) -> float:
    """Seconds from landing to `prepared`, `found` or `explained`; what never came counts as
    endless. Of explanations, only files that were asked for one."""
    waited = getattr(outcome, what) - outcome.arrived
    if what == "explained":
        known = waited[~np.isnan(waited)]
        lost = max(0, outcome.explained_files - len(known))
        waited = np.concatenate([known, np.full(lost, np.inf)])
    else:
        waited = np.where(np.isnan(waited), np.inf, waited)
    if not len(waited):
        return 0.0
    return float(np.percentile(waited, share, method="inverted_cdf"))


@dataclass(frozen=True)
class Found:
    scenario: Scenario
    outcome: Outcome
    is_kept: bool
    tried: int
    """Simulations."""


def smallest(
    scenario: Scenario,
    workload: Workload,
    promise: Promise,
    told: Callable[[str], None] = lambda _: None,
) -> Found:
    """Instances are added to the stage that files wait longest for, until the promise is kept; then
    taken away again wherever it still is. `scenario.pools` says where the search begins.

    Where the times alone are longer than the promise, nothing helps: then `is_kept` is False.
    """
    search = _Search(workload, promise, told)
    best = search.run(scenario)
    while not promise.is_kept_by(best):
        pool = _slowest(best, scenario, promise)
        warm = scenario.pools[pool].min_instances
        more = max(1, 2 * warm)
        limit = min(MOST_WARM, scenario.pools[pool].max_instances)
        if more > limit:
            return Found(scenario, best, False, search.tried)
        tried = with_pool(scenario, pool, min_instances=more)
        outcome = search.run(tried)
        if warm and _figure(outcome, promise) > 0.98 * _figure(best, promise):
            return Found(scenario, best, False, search.tried)  # twice as many, and no use
        scenario, best = tried, outcome
    # Where nothing was promised of explanations, their own service stays as it was given.
    stages = STAGES if promise.explained_s is not None else ("ingest", "predict")
    promised = dict.fromkeys(scenario.pool_of(stage) for stage in stages)
    for field in ("min_instances", "max_instances"):
        for pool in promised:
            scenario, best = _fewest(search, scenario, best, pool, field)
    return Found(scenario, best, True, search.tried)


class _Search:
    def __init__(self, workload: Workload, promise: Promise, told: Callable[[str], None]) -> None:
        self.tried = 0
        self.promise = promise
        self._workload = workload
        self._told = told

    def run(self, scenario: Scenario) -> Outcome:
        self.tried += 1
        outcome = simulate(scenario, self._workload)
        pools = scenario.pools.items()
        sizes = ", ".join(
            f"{name} {one.min_instances} to {one.max_instances}" for name, one in pools
        )
        figure = percentile(outcome, "found", 95)
        self._told(f"instances: {sizes}; 95 of 100 found within {figure:.1f} s")
        return outcome


def with_pool(scenario: Scenario, name: str, **changes: int) -> Scenario:
    """`scenario` with one pool changed."""
    pools = dict(scenario.pools)
    pools[name] = replace(pools[name], **changes)
    return replace(scenario, pools=pools)


def _fewest(
    search: _Search, scenario: Scenario, best: Outcome, pool: str, field: str
) -> tuple[Scenario, Outcome]:
    """The smallest number in `field` that still keeps the promise, by halving."""
    spec = scenario.pools[pool]
    if field == "min_instances":
        lowest, kept = -1, spec.min_instances
    else:
        lowest = max(1, spec.min_instances) - 1
        kept = max(lowest + 1, best.pools[pool].most)
        scenario = with_pool(scenario, pool, max_instances=kept)
    while kept - lowest > 1:
        middle = (kept + lowest) // 2
        tried = with_pool(scenario, pool, **{field: middle})
        outcome = search.run(tried)
        if search.promise.is_kept_by(outcome):
            kept, scenario, best = middle, tried, outcome
        else:
            lowest = middle
    return scenario, best


def _figure(outcome: Outcome, promise: Promise) -> float:
    explained = promise.explained_s is not None
    return percentile(outcome, "explained" if explained else "found", 95)


def _slowest(outcome: Outcome, scenario: Scenario, promise: Promise) -> str:
    """The pool of the stage that takes longest, for 95 of 100 files."""
    spans: dict[StageName, float] = {
        "ingest": _span(outcome.prepared - outcome.arrived),
        "predict": _span(outcome.found - outcome.prepared),
        "explain": _span(outcome.explained - outcome.found) if promise.explained_s else 0.0,
    }
    if percentile(outcome, "found", 95) > promise.found_s:
        spans["explain"] = 0.0
    for stage in STAGES:
        if outcome.stages[stage].dead:
            spans[stage] = float("inf")
    return scenario.pool_of(max(STAGES, key=lambda stage: spans[stage]))


def _span(waited: np.ndarray) -> float:
    known = waited[~np.isnan(waited)]
    return float(np.percentile(known, 95)) if len(known) else 0.0
