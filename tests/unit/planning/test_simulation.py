"""The whole way of an upload through the simulated services."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropsight.domain.errors import PlanInvalid
from dropsight.planning.arrivals import OFFICE
from dropsight.planning.scenario import ArrivalSpec, Platform, Scenario, SubscriptionSpec
from dropsight.planning.search import percentile
from dropsight.planning.simulation.run import Outcome, simulate
from dropsight.planning.simulation.scale import enlarged, scale_for, shrunk
from dropsight.planning.workload import make_workload
from tests.unit.planning.times_examples import TIMES, burst, pools

pytestmark = pytest.mark.unit


def run(scenario: Scenario) -> Outcome:
    return simulate(scenario, make_workload(scenario, TIMES))


def test_one_file_takes_the_sum_of_its_parts():
    """Services that are asleep, a file at 0 s. Ingest: 0.1 s of delivery, 5 s of starting, 0.1 s of
    work, 8 calls of 10 ms. Predict: 0.1 + 30 + 0.02 + 5 calls. Explain: 0.1 + 30 + 1 + 8 calls."""
    outcome = run(burst(1, 0.0, platform=Platform(call_s=0.01), explanations={"grad-cam": 1.0}))

    assert outcome.prepared[0] == pytest.approx(0.1 + 5.0 + 0.1 + 0.08)
    assert outcome.found[0] - outcome.prepared[0] == pytest.approx(0.1 + 30.0 + 0.02 + 0.05)
    assert outcome.explained[0] - outcome.found[0] == pytest.approx(0.1 + 30.0 + 1.0 + 0.08)


def test_the_same_seed_gives_the_same_outcome_and_another_seed_another():
    one, again, other = (run(burst(300, seed=seed)) for seed in (1, 1, 2))

    assert np.array_equal(one.found, again.found)
    assert np.array_equal(one.explained, again.explained)
    assert [sample.at_s for sample in one.samples] == [sample.at_s for sample in again.samples]
    assert not np.array_equal(one.found, other.found)


def test_littles_law_holds_for_what_waits_and_how_long():
    """Mean number in the queue = rate * mean time there; the one is sampled, the other measured."""
    scenario = burst(6_000, 600.0, explanations={}, pools=pools(predict={"min_instances": 3}))
    outcome = run(scenario)

    inside = [sample.unacked[0] + sample.unacked[1] for sample in outcome.samples]
    at_s = [sample.at_s for sample in outcome.samples]
    mean = np.trapezoid(inside, at_s) / outcome.ended_s
    waited = (outcome.found - outcome.arrived).mean()
    assert mean == pytest.approx(6_000 / outcome.ended_s * waited, rel=0.05)


@settings(max_examples=40, deadline=None)
@given(
    files=st.integers(1, 120),
    over_s=st.floats(0.0, 30.0),
    most=st.integers(1, 4),
    concurrency=st.integers(1, 5),
    deadline_s=st.sampled_from([5.0, 60.0, 600.0]),
    attempts=st.integers(5, 8),
    together=st.booleans(),
    seed=st.integers(0, 5),
)
def test_nothing_is_lost(
    files: int,
    over_s: float,
    most: int,
    concurrency: int,
    deadline_s: float,
    attempts: int,
    together: bool,
    seed: int,
):
    """However tight the limits: every message ends acknowledged or dead, and every file has its
    findings unless a message of its own died; explanations come after findings."""
    tight = {"max_instances": most, "concurrency": concurrency}
    services = pools(ingest={"max_instances": most}, predict=tight, explain=tight)
    if together:
        del services["explain"]
    outcome = run(
        burst(
            files,
            over_s,
            pools=services,
            stages={"explain": "predict"} if together else {},
            subscription=SubscriptionSpec(
                ack_deadline_s=deadline_s, min_backoff_s=1.0, max_attempts=attempts
            ),
            seed=seed,
        )
    )

    assert outcome.drained
    ingest, predict, explain = (outcome.stages[name] for name in ("ingest", "predict", "explain"))
    assert ingest.messages == files
    prepared = int((~np.isnan(outcome.prepared)).sum())
    found = int((~np.isnan(outcome.found)).sum())
    explained = int((~np.isnan(outcome.explained)).sum())
    assert files - prepared <= ingest.dead
    assert predict.messages == prepared
    assert prepared - found <= predict.dead
    assert explain.messages == found
    assert found - explained <= explain.dead
    for before, after in (
        (outcome.arrived, outcome.prepared),
        (outcome.prepared, outcome.found),
        (outcome.found, outcome.explained),
    ):
        known = ~np.isnan(after)
        assert (after[known] > before[known]).all()


def test_predictions_come_first_where_both_share_a_service():
    """With the device full of explanations, findings wait for a chunk at most."""
    alone = pools(predict={"min_instances": 2, "max_instances": 2, "concurrency": 200})
    del alone["explain"]
    shared = burst(100, 25.0, pools=alone, stages={"explain": "predict"})

    outcome = run(replace_pool(shared, "ingest", min_instances=20))

    assert percentile(outcome, "found", 99) < 2.0
    assert percentile(outcome, "explained", 50) > 5.0


def test_explanations_that_fill_every_slot_of_a_shared_service_hold_predictions_up():
    """What no priority on the device can help: requests that Cloud Run does not let in."""
    few = pools(predict={"min_instances": 2, "max_instances": 2, "concurrency": 4})
    del few["explain"]
    shared = replace_pool(
        burst(100, 25.0, pools=few, stages={"explain": "predict"}), "ingest", min_instances=20
    )

    assert percentile(run(shared), "found", 95) > 5.0


def test_at_a_tenth_of_the_scale_the_figures_stay():
    scenario = burst(
        20_000,
        100.0,
        explanations={},
        pools=pools(
            ingest={"min_instances": 100, "max_instances": 200},
            predict={"min_instances": 20, "max_instances": 40},
        ),
        platform=Platform(first_window=500),
    )
    exact = run(scenario)
    small = shrunk(scenario, 10)
    scaled = enlarged(run(small), 10)

    assert small.arrivals.files == 2_000
    assert scaled.stages["predict"].messages == 20_000
    for share in (50, 95):
        assert percentile(scaled, "found", share) == pytest.approx(
            percentile(exact, "found", share), rel=0.1
        )
    assert scaled.pools["ingest"].served_s == pytest.approx(
        exact.pools["ingest"].served_s, rel=0.05
    )


def test_more_files_than_fit_into_memory_need_a_scale():
    day = burst(arrivals=ArrivalSpec(files=24_000_000, over_s=86_400.0))

    assert scale_for(day) == 96
    with pytest.raises(PlanInvalid, match="scale: found 1 for 24,000,000 files, legal is 12"):
        scale_for(msgspec.structs.replace(day, scale=1))


def test_a_file_that_never_gets_its_findings_counts_as_endless():
    outcome = run(burst(4, 0.0))
    broken = replace(outcome, found=np.array([1.0, 2.0, 3.0, math.nan]), arrived=np.zeros(4))

    assert percentile(broken, "found", 75) == 3.0
    assert percentile(broken, "found", 95) == math.inf


def replace_pool(scenario: Scenario, name: str, **changes: int) -> Scenario:
    services = dict(scenario.pools)
    services[name] = msgspec.structs.replace(services[name], **changes)
    return msgspec.structs.replace(scenario, pools=services)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mix": {"film": 0.5}}, "mix: the shares add up to 0.5, expected 1"),
        ({"mix": {"filn": 1.0}}, "model 'filn': the times file has film, spots"),
        ({"stages": {"explain": "gone"}}, "stages.explain: found 'gone', legal are explain"),
        ({"stages": {"explain": "predict"}}, "pools.explain: serves no stage"),
        ({"explanations": {"shap": 1.0}}, "explanations.shap: legal for this mix are grad-cam"),
        (
            {"pools": pools(predict={"min_instances": 21})},
            "pools.predict: minInstances is 21, more than maxInstances, 20",
        ),
        (
            {"pools": pools(predict={"gpu": "l4"})},
            "pools.predict: has a GPU, but the times of film were",
        ),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(changes: dict[str, Any], said: str):
    with pytest.raises(PlanInvalid, match=said.replace("(", r"\(")):
        make_workload(burst(**changes), TIMES)


def test_times_of_a_gpu_say_nothing_of_a_service_without_one():
    film = msgspec.structs.replace(TIMES.models["film"], device="cuda")
    on_gpu = msgspec.structs.replace(TIMES, models={"film": film})

    with pytest.raises(PlanInvalid, match="has no GPU, but the times of film were taken on cuda"):
        make_workload(burst(), on_gpu)


def test_office_hours_fill_the_morning():
    scenario = burst(arrivals=ArrivalSpec(files=10_000, over_s=86_400.0, profile="office"))
    hours = make_workload(scenario, TIMES).arrivals // 3600

    counted = np.bincount(hours.astype(int), minlength=24)
    assert counted[9] == pytest.approx(10_000 * 14 / sum(OFFICE), rel=0.1)
    assert counted[3] == pytest.approx(10_000 * 1 / sum(OFFICE), rel=0.5)
    assert counted.sum() == 10_000
