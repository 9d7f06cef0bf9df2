"""Slow start, backoff, ack deadline and dead letters, small enough to follow on paper."""

from __future__ import annotations

import pytest

from dropsight.planning.scenario import Platform, PoolSpec, SubscriptionSpec
from dropsight.planning.simulation.stages import Stage
from tests.unit.planning.station import BARE, Station, fixed

pytestmark = pytest.mark.unit


def test_the_window_starts_small_and_doubles_with_every_round_of_answers():
    """100 messages, 5 at first, each answered after a second: 5, 10, 20, 40, and the last 25."""
    platform = Platform(delivery_s=0.0, first_window=5)
    station = Station(Stage(), pool=fixed(100), platform=platform)
    station.publish(0, [0.0] * 100, [1.0] * 100)

    station.run()

    ends = sorted(station.done[0].values())
    assert [ends.count(second) for second in (1.0, 2.0, 3.0, 4.0, 5.0)] == [5, 10, 20, 40, 25]


def test_over_the_full_window_nothing_is_pushed_until_answers_come():
    platform = Platform(delivery_s=0.0, first_window=8, full_window=8)
    station = Station(Stage(), pool=fixed(100), platform=platform)
    station.publish(0, [0.0] * 100, [30.0] * 100)  # slower than a second: no linear growth

    station.run()

    assert station.subscriptions[0].most_outstanding == 8
    assert max(station.done[0].values()) == pytest.approx(13 * 30.0)  # ceil(100 / 8) rounds


def test_who_finds_no_slot_is_refused_after_ten_seconds_and_comes_again():
    """One instance, two jobs of 15 s. The second is refused at 10 s, pushed again 10 s later, and
    done 15 s after that."""
    spec = PoolSpec(min_instances=1, max_instances=1, cold_start_s=0.0)
    station = Station(Stage(), pool=spec, subscription=SubscriptionSpec(min_backoff_s=10.0))
    station.publish(0, [0.0, 0.0], [15.0, 15.0])

    station.run()

    assert station.done[0] == {0: 15.0, 1: 35.0}
    assert station.subscriptions[0].refused == 1
    assert station.subscriptions[0].requests == 3


def test_a_message_that_is_refused_too_often_becomes_a_dead_letter():
    spec = PoolSpec(min_instances=1, max_instances=1, cold_start_s=0.0)
    station = Station(
        Stage(),
        pool=spec,
        subscription=SubscriptionSpec(
            ack_deadline_s=1e6, min_backoff_s=1.0, max_backoff_s=1.0, max_attempts=5
        ),
    )
    station.publish(0, [0.0, 0.0], [10_000.0, 1.0])

    station.run()

    # Each of its five pushes waits ten seconds for a slot; between them a second of backoff.
    assert station.given_up[0] == [1]
    assert list(station.done[0]) == [0]
    assert station.subscriptions[0].dead == 1
    assert station.subscriptions[0].unacked == 0


def test_a_push_past_its_deadline_comes_again_and_the_work_is_done_once():
    station = Station(
        Stage(),
        pool=fixed(2),
        subscription=SubscriptionSpec(ack_deadline_s=20.0, min_backoff_s=10.0, max_backoff_s=10.0),
    )
    station.publish(0, [0.0], [50.0])

    station.run()

    one = station.subscriptions[0]
    assert station.done[0] == {0: 50.0}
    # Expired at 20 s; pushed again at 30 and 40 s, refused as the first has the lease; at 50 or
    # after it the answer comes at once.
    assert (one.expired, one.refused, one.dead) == (1, 2, 0)
    assert station.pool.device_seconds() == pytest.approx(50.0)


def test_the_oldest_message_is_the_one_that_waits_longest_not_the_last_one_refused():
    station = Station(Stage(), pool=fixed(1), platform=BARE)
    station.publish(0, [0.0, 1.0, 2.0], [10.0, 10.0, 10.0])

    station.run(until=12.5)

    # The first is done at 10; the second, published at 1, is in work.
    assert station.subscriptions[0].unacked == 2
    assert station.clock.now <= 12.5
    assert station.subscriptions[0].oldest_age() == pytest.approx(station.clock.now - 1.0)
