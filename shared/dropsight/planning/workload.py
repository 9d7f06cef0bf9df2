"""A scenario and the measured times, made into what the simulation works on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import PlanInvalid
from dropsight.planning.arrivals import Times as ArrivalTimes
from dropsight.planning.arrivals import arrival_times
from dropsight.planning.operations import CALLS
from dropsight.planning.scenario import STAGES, PoolSpec, Scenario
from dropsight.planning.times import ModelTimes, Times


@dataclass(frozen=True)
class Asked:
    """One method of one model."""

    method: str
    seconds: float
    share: float
    """Of the model's files."""


@dataclass(frozen=True)
class Workload:
    """Seconds on the devices of this scenario's pools. Lists by model: in the order of `models`."""

    arrivals: ArrivalTimes
    """When each file lands, shape (files,)."""
    model: npt.NDArray[np.intp]
    """Which model each file is for, shape (files,)."""
    models: list[str]
    ingest_s: list[float]
    predict_s: list[list[float]]
    """By model, then by number of frames in a batch."""
    chunk_s: list[float]
    """By model: one forward pass of an explanation."""
    asked: list[list[Asked]]
    """By model."""
    answer_s: dict[str, float]
    """By stage: calls that keep no device busy."""

    @property
    def files(self) -> int:
        return len(self.arrivals)


def make_workload(scenario: Scenario, times: Times) -> Workload:
    """Raises PlanInvalid: a share, a stage, a model or a method that makes no sense."""
    check(scenario, times)
    random = np.random.default_rng(scenario.seed)
    models = list(scenario.mix)
    arrivals = arrival_times(scenario.arrivals, random)
    shares = np.array([scenario.mix[name] for name in models])
    measured = [times.model(name) for name in models]
    speed = {stage: scenario.pools[scenario.pool_of(stage)].speed for stage in STAGES}
    tables = [
        [seconds / speed["predict"] for seconds in one.batch_table(scenario.batch_size)]
        for one in measured
    ]
    full = [[seconds / speed["explain"] for seconds in one.batch_table(8)] for one in measured]
    return Workload(
        arrivals=arrivals,
        model=random.choice(len(models), len(arrivals), p=shares / shares.sum()),
        models=models,
        ingest_s=[one.ingest_ms / 1000.0 / speed["ingest"] for one in measured],
        predict_s=tables,
        chunk_s=[table[-1] for table in full],
        asked=[asked_of(one, scenario, speed["explain"]) for one in measured],
        answer_s={stage: CALLS[stage] * scenario.platform.call_s for stage in STAGES},
    )


def asked_of(model: ModelTimes, scenario: Scenario, speed: float = 1.0) -> list[Asked]:
    """The explanations that the scenario asks of a model."""
    if scenario.explanations is None:
        wanted = {name: 1.0 for name, one in model.explanations.items() if one.planned}
    else:
        wanted = {name: share for name, share in scenario.explanations.items() if share > 0.0}
    return [
        Asked(method, model.explanations[method].ms / 1000.0 / speed, share)
        for method, share in wanted.items()
        if method in model.explanations
    ]


def check(scenario: Scenario, times: Times) -> None:
    """Raises PlanInvalid."""
    total = sum(scenario.mix.values())
    if not math.isclose(total, 1.0, abs_tol=1e-6):
        raise PlanInvalid(f"mix: the shares add up to {total:g}, expected 1")
    for stage in STAGES:
        serves = scenario.pool_of(stage)
        if serves not in scenario.pools:
            raise PlanInvalid(
                f"stages.{stage}: found {serves!r}, legal are {', '.join(sorted(scenario.pools))}"
            )
    used = {scenario.pool_of(stage) for stage in STAGES}
    for name, pool in scenario.pools.items():
        if name not in used:
            raise PlanInvalid(f"pools.{name}: serves no stage; name it in `stages`, or remove it")
        if pool.min_instances > pool.max_instances:
            raise PlanInvalid(
                f"pools.{name}: minInstances is {pool.min_instances}, more than maxInstances, "
                f"{pool.max_instances}"
            )
        if name != scenario.pool_of("ingest"):
            _check_device(name, pool, scenario, times)
    methods = {name for one in scenario.mix for name in times.model(one).explanations}
    for method in scenario.explanations or {}:
        if method not in methods:
            legal = ", ".join(sorted(methods)) or "none: these models have no times for any"
            raise PlanInvalid(f"explanations.{method}: legal for this mix are {legal}")


def _check_device(name: str, pool: PoolSpec, scenario: Scenario, times: Times) -> None:
    """Times of one device say nothing of another, unless somebody says how they compare."""
    if pool.speed != 1.0:
        return
    for model in scenario.mix:
        device = times.model(model).device
        if (device == "cuda") != (pool.gpu is not None):
            has = "a GPU" if pool.gpu else "no GPU"
            raise PlanInvalid(
                f"pools.{name}: has {has}, but the times of {model} were taken on {device} "
                f"({times.machine.description}). Measure on such a machine (dropsight plan "
                "--measure), or say with `speed` how many times as fast you assume it to be"
            )
