"""What Cloud Run's autoscaler is taken to do, and what its instances cost."""

from __future__ import annotations

import random

import pytest

from dropsight.planning.scenario import Platform, PoolSpec
from dropsight.planning.simulation.stages import Stage
from tests.unit.planning.station import BARE, Station

pytestmark = pytest.mark.unit


def test_the_first_request_starts_an_instance_and_waits_for_it():
    station = Station(Stage(), pool=PoolSpec(cold_start_s=30.0))
    station.publish(0, [0.0], [1.0])

    station.run()

    assert station.done[0] == {0: 31.0}
    assert station.pool.most == 1


def test_an_idle_instance_is_paid_for_until_its_fifteen_minutes_are_over():
    station = Station(Stage(), pool=PoolSpec(cold_start_s=30.0, idle_s=900.0))
    station.publish(0, [0.0, 5_000.0], [1.0, 1.0])

    station.run(until=4_999.0)

    # 30 s of starting, 1 s of work, 900 s idle; ended by the next turn, which is a second later.
    assert station.pool.alive == 0
    assert station.pool.alive_seconds() == pytest.approx(931.0, abs=1.0)
    assert station.pool.served_seconds() == pytest.approx(30.0 + 1.0)


def test_once_all_instances_have_ended_none_comes_back_by_itself():
    """Sums of their device times, taken in another order, differ in the last digit: no load."""
    chance = random.Random(0)  # noqa: S311 (a simulation must repeat)
    station = Station(Stage(), pool=PoolSpec(cold_start_s=7.0, idle_s=900.0))
    lengths = [chance.random() for _ in range(400)]
    station.publish(0, [*(0.02 * number for number in range(399)), 9_000.0], lengths)

    station.run(until=1_500.0)

    assert station.pool.most > 50
    assert station.pool.alive == 0
    assert station.pool.alive_seconds() < station.pool.most * (7.0 + 20.0 + 901.0)


def test_instances_that_are_kept_warm_never_end():
    station = Station(Stage(), pool=PoolSpec(min_instances=2, cold_start_s=30.0))
    station.publish(0, [0.0, 9_000.0], [1.0, 1.0])

    station.run(until=8_999.0)

    assert station.pool.alive == 2
    assert station.done[0] == {0: 1.0}
    assert station.pool.alive_seconds() == pytest.approx(2 * 8_999.0, abs=2.0)


def test_requests_that_wait_start_as_many_instances_as_they_fill():
    """40 at once into instances of 16: three are started, and no fourth."""
    station = Station(Stage(), pool=PoolSpec(concurrency=16, cold_start_s=30.0))
    station.publish(0, [0.0] * 40, [0.1] * 40)

    station.run(until=29.0)

    assert station.pool.starting == 3


def test_the_maximum_is_never_passed():
    station = Station(Stage(), pool=PoolSpec(max_instances=4, cold_start_s=10.0))
    station.publish(0, [0.0] * 200, [1.0] * 200)

    station.run()

    assert station.pool.most == 4
    assert len(station.done[0]) == 200
    assert max(station.done[0].values()) >= 10.0 + 200 / 4


def test_a_steady_load_is_given_instances_at_sixty_percent():
    """Six busy devices on average: ten instances."""
    station = Station(Stage(), pool=PoolSpec(cold_start_s=1.0, idle_s=60.0))
    count = 6 * 600
    station.publish(0, [number / 6.0 for number in range(count)], [1.0] * count)

    station.run(until=590.0)

    assert station.pool.alive == 10


def test_starts_are_spread_where_the_platform_gives_only_so_many_a_minute():
    slow = Platform(delivery_s=0.0, first_window=10**9, full_window=10**9, starts_per_minute=6)
    station = Station(Stage(), pool=PoolSpec(cold_start_s=1000.0), platform=slow)
    station.publish(0, [0.0] * 100, [1.0] * 100)

    station.run(until=120.0)

    assert station.pool.starting == pytest.approx(6 + 2 * 6, abs=1)  # six at once, then 6 a minute


def test_a_gpu_pool_scales_by_requests_alone():
    """The autoscaler does not see a GPU: one request at a time keeps one instance, however busy."""
    busy = [float(number) for number in range(300)]
    with_cpu = PoolSpec(concurrency=80, min_instances=1)
    with_gpu = PoolSpec(concurrency=80, min_instances=1, gpu="l4")
    for spec, expected in ((with_cpu, 2), (with_gpu, 1)):
        station = Station(Stage(), pool=spec, platform=BARE)
        station.publish(0, busy, [1.0] * 300)
        station.run(until=299.0)
        assert station.pool.alive == expected, spec.gpu
