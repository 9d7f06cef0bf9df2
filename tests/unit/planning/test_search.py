"""The smallest set-up that keeps a promise."""

from __future__ import annotations

import pytest

from dropsight.planning.plan import Basis, plan_day, plan_simulation
from dropsight.planning.prices import load_prices
from dropsight.planning.scenario import ArrivalSpec, Platform, SubscriptionSpec
from dropsight.planning.search import Promise, percentile
from tests.unit.planning.times_examples import TIMES, burst, pools

pytestmark = pytest.mark.unit

BASIS = Basis(TIMES, load_prices())


def test_a_patient_promise_needs_no_warm_instance():
    report = plan_simulation(burst(20, 600.0), Promise(120.0), BASIS)

    assert report.is_kept
    assert {name: one.min_instances for name, one in report.scenario.pools.items()} == {
        "ingest": 0,
        "predict": 0,
        "explain": 0,
    }


def test_a_promise_shorter_than_a_start_keeps_instances_warm_and_no_more_than_needed():
    """Files so rare that every one would find all instances gone: one warm instance of each of the
    first two stages, none of the third."""
    rare = burst(arrivals=ArrivalSpec(files=20, over_s=40_000.0, profile="uniform"))
    report = plan_simulation(rare, Promise(2.0), BASIS)

    assert report.is_kept
    assert percentile(report.outcome, "found", 95) <= 2.0
    warm = {name: one.min_instances for name, one in report.scenario.pools.items()}
    assert warm == {"ingest": 1, "predict": 1, "explain": 0}


def test_a_promise_for_explanations_warms_their_service_too():
    rare = burst(arrivals=ArrivalSpec(files=20, over_s=40_000.0, profile="uniform"))
    report = plan_simulation(rare, Promise(2.0, 10.0), BASIS)

    assert report.is_kept
    assert report.scenario.pools["explain"].min_instances >= 1


def test_a_promise_shorter_than_the_work_itself_is_not_kept_and_says_so():
    report = plan_simulation(burst(20, 600.0), Promise(0.05), BASIS)

    assert not report.is_kept
    assert percentile(report.outcome, "found", 95) > 0.05


def test_instances_at_most_are_brought_down_to_what_is_needed():
    scenario = burst(200, 10.0, explanations={}, pools=pools(ingest={"max_instances": 100}))
    report = plan_simulation(scenario, Promise(60.0), BASIS)

    assert report.is_kept
    assert report.scenario.pools["predict"].max_instances == 1
    assert report.scenario.pools["ingest"].max_instances < 20


def test_a_promise_of_findings_alone_leaves_the_explanations_their_instances():
    report = plan_simulation(burst(200, 10.0), Promise(60.0), BASIS)

    assert report.scenario.pools["explain"].max_instances == 50


def test_dead_letters_break_every_promise():
    """One explaining instance with one slot, 1,000 explanations of 4 s each, and no flow control
    that holds pushes back. A message is pushed five times and waits 105 s for a slot each time: the
    last ones die, however early their findings came."""
    tight = burst(
        1_000,
        1.0,
        explanations={"lime": 1.0},
        platform=Platform(first_window=5_000, full_window=5_000, longest_pause_s=0.1),
        pools=pools(explain={"max_instances": 1, "concurrency": 1}),
        subscription=SubscriptionSpec(max_attempts=5, min_backoff_s=1.0, max_backoff_s=1.0),
    )
    report = plan_simulation(tight, Promise(60.0), BASIS)

    assert report.outcome.stages["explain"].dead > 0
    assert percentile(report.outcome, "found", 95) <= 60.0
    assert not report.is_kept


def test_a_large_day_is_its_busiest_hour_and_a_month_follows_from_that():
    small = plan_day(2_400, burst(explanations={}), Promise(60.0), BASIS)
    large = plan_day(240_000, burst(explanations={}), Promise(60.0), BASIS)

    assert small.files == 2_400
    assert large.files == 10_000  # a 24th of a day that is uniform
    assert "the busiest hour, 10,000 of the 240,000 files" in large.notes[0]
    assert small.month is not None
    assert large.month is not None
    # A hundred times the files: what is paid by the file is a hundred times as much.
    assert large.month.by_group["objects"] == pytest.approx(
        100 * small.month.by_group["objects"], rel=0.01
    )


def test_an_assumed_gpu_is_called_assumed():
    scenario = burst(
        20,
        60.0,
        pools=pools(predict={"gpu": "l4", "speed": 10.0, "cpu": 4.0, "memory_gib": 16.0}),
    )
    report = plan_simulation(scenario, None, BASIS)

    assert any("the GPU is ASSUMED to be 10 times as fast" in note for note in report.notes)
    assert any(one.name == "regionGpu" for one in report.touched)
