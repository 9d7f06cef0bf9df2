"""Limits and quotas that a simulated load touches, and what to ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dropsight.planning.files import PlanRecord, parse_yaml, shipped
from dropsight.planning.operations import EXPLAIN, INGEST, PREDICT
from dropsight.planning.scenario import Scenario
from dropsight.planning.simulation.run import Outcome

SHIPPED = "limits.yaml"
NEAR = 0.8
"""Share of a limit from which on it is told."""
FIRST_OPERATIONS = 500.0
RAMP_S = 300.0
RAMP = 1.5
"""Firestore: 500 operations a second, and half as many more every five minutes."""
LEAST_CPU = 4.0
LEAST_GIB = 16.0
"""Beside an L4."""
Used = tuple[str, float, float | None, str | None]
"""Name of a limit, what is used of it, its bound where the file does not say it, and the pool."""
SPAN_S = 10.0
"""Shortest time that a rate is taken over."""


class Limit(PlanRecord, kw_only=True, frozen=True):
    what: str
    unit: str
    value: float | None
    source: str
    ask: str


class Limits(PlanRecord, kw_only=True, frozen=True):
    schema_version: Literal[1] = 1
    limits: dict[str, Limit]


@dataclass(frozen=True)
class Touched:
    name: str
    limit: Limit
    used: float
    bound: float | None
    """The limit itself; None where it must be looked up."""
    pool: str | None
    """Whose it is, where each pool has its own."""

    @property
    def is_exceeded(self) -> bool:
        return self.bound is not None and self.used > self.bound


def load_limits() -> dict[str, Limit]:
    return parse_yaml(shipped(SHIPPED), Limits, SHIPPED).limits


def touched(outcome: Outcome, scenario: Scenario) -> list[Touched]:
    """Those that are near, exceeded, or must be looked up."""
    limits = load_limits()
    found = []
    for name, used, bound, pool in [*_of_pools(outcome, scenario), *_of_all(outcome, scenario)]:
        legal = limits[name].value if bound is None else bound
        if used > 0 and (legal is None or used >= NEAR * legal):
            found.append(Touched(name, limits[name], used, legal, pool))
    return found


def _of_pools(outcome: Outcome, scenario: Scenario) -> Iterator[Used]:
    for name, pool in outcome.pools.items():
        spec = scenario.pools[name]
        yield "maxInstances", pool.most, spec.max_instances, name
        yield "concurrency", spec.concurrency, None, name
        if spec.gpu and (spec.cpu < LEAST_CPU or spec.memory_gib < LEAST_GIB):
            yield "gpuCpu", LEAST_CPU, None, name
            yield "gpuMemory", LEAST_GIB, None, name


def _of_all(outcome: Outcome, scenario: Scenario) -> Iterator[Used]:
    for name, used, bound in _sums(outcome, scenario):
        yield name, used, bound, None


def _sums(outcome: Outcome, scenario: Scenario) -> Iterator[tuple[str, float, float | None]]:
    specs = scenario.pools
    most = {name: pool.most for name, pool in outcome.pools.items()}
    yield "regionCpu", sum(specs[name].cpu * count for name, count in most.items()), None
    yield "regionMemory", sum(specs[name].memory_gib * count for name, count in most.items()), None
    yield "regionGpu", sum(count for name, count in most.items() if specs[name].gpu), None
    expired = sum(one.expired for one in outcome.stages.values())
    yield "ackDeadline", scenario.subscription.ack_deadline_s if expired else 0.0, None
    # Past its full size the window goes on growing slowly: that is no limit passed.
    out = max(one.most_outstanding for one in outcome.stages.values())
    yield "pushWindow", min(out, scenario.platform.full_window), None
    peaks = list(_rates(outcome))
    landed = max((one[0] for _, one in peaks), default=0.0)
    yield "pushThroughput", max((sum(one) for _, one in peaks), default=0.0) / 1000, None
    yield "documentWrites", _writes_of_a_document(outcome), None
    yield from _ramp(peaks)
    yield "sequentialIndex", landed, None
    yield "bucketWrites", landed * INGEST.object_writes, None
    yield "bucketReads", landed * (INGEST.object_reads + PREDICT.object_reads), None


def _ramp(peaks: list[tuple[float, list[float]]]) -> Iterator[tuple[str, float, float | None]]:
    """The moment at which Firestore is furthest over what 500/50/5 gives a new collection."""
    worst = (0.0, 0.0, FIRST_OPERATIONS)
    for at_s, rates in peaks:
        operations = sum(
            rate * (one.document_reads + one.document_writes)
            for rate, one in zip(rates, (INGEST, PREDICT, EXPLAIN), strict=True)
        )
        allowed = FIRST_OPERATIONS * RAMP ** (at_s // RAMP_S)
        worst = max(worst, (operations / allowed, operations, allowed))
    yield "databaseRamp", worst[1], worst[2]


def _rates(outcome: Outcome) -> Iterator[tuple[float, list[float]]]:
    """Messages settled in a second, by stage, over spans of SPAN_S or more: when, and the rates."""
    before = outcome.samples[0]
    for sample in outcome.samples[1:]:
        passed = sample.at_s - before.at_s
        if passed >= SPAN_S:
            yield (
                before.at_s,
                [
                    (now - then) / passed
                    for now, then in zip(sample.settled, before.settled, strict=True)
                ],
            )
            before = sample


def _writes_of_a_document(outcome: Outcome) -> float:
    """In a second, between landing and the last answer, for the file in the middle."""
    ended = np.where(np.isnan(outcome.explained), outcome.found, outcome.explained)
    lived = np.nanmedian(ended - outcome.arrived) if not np.isnan(ended).all() else 0.0
    files = sum(outcome.files.values())
    explanations = sum(outcome.explanations.values()) / files
    writes = INGEST.document_writes + PREDICT.document_writes
    return float((writes + EXPLAIN.document_writes * explanations) / max(lived, 1e-3))
