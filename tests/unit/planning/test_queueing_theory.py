"""The simulation beside what queueing theory says in closed form.

Formulas: Kleinrock, Queueing Systems, vol. 1 (1975), chapters 3 and 5, and vol. 2, section 3.4.
A seed is fixed, so these pass or fail for good; the tolerances are some three standard errors,
found with a dozen seeds.
"""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np
import pytest

from dropsight.planning.simulation.stages import Stage
from tests.unit.planning.station import Station, fixed

pytestmark = pytest.mark.unit

CUSTOMERS = 100_000


def poisson(rate: float, count: int = CUSTOMERS, seed: int = 1) -> list[float]:
    return list(itertools.accumulate(exponential(1 / rate, count, seed)))


def exponential(mean: float, count: int = CUSTOMERS, seed: int = 2) -> list[float]:
    """Brought to exactly this mean: waits hang on the utilisation more than on anything else."""
    drawn = np.random.default_rng(seed).exponential(1.0, count)
    return [float(one) for one in drawn * (mean / drawn.mean())]


def erlang_c(servers: int, load: float) -> float:
    """Probability that a customer of M/M/c has to wait; `load` is arrival rate times service."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("servers", "tolerance"), [(1, 0.05), (4, 0.08), (16, 0.16)])
def test_the_mean_wait_of_m_m_c_is_erlangs(servers: int, tolerance: float):
    load = servers * 0.8
    service = exponential(1.0)
    station = Station(Stage(), pool=fixed(servers))
    station.publish(0, poisson(load), service)

    station.run()

    waited = np.mean(station.waits(0)) - np.mean(service)
    theory = erlang_c(servers, load) / (servers - load)
    assert waited == pytest.approx(theory, rel=tolerance)


def test_every_single_wait_is_that_of_kiefer_and_wolfowitz():
    """Whoever comes takes the server that is free first: the exact recursion, customer by
    customer, on the same arrivals and services."""
    count, servers = 20_000, 5
    arrivals, service = poisson(4.5, count), exponential(1.0, count)
    station = Station(Stage(), pool=fixed(servers))
    station.publish(0, arrivals, service)

    station.run()

    free = [0.0] * servers
    expected = []
    for arrival, seconds in zip(arrivals, service, strict=True):
        begin = max(arrival, free[0])
        heapq.heapreplace(free, begin + seconds)
        expected.append(begin + seconds - arrival)
    assert station.waits(0) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("utilisation", [0.5, 0.8])
def test_the_mean_wait_of_m_d_1_is_half_of_m_m_1(utilisation: float):
    station = Station(Stage(), pool=fixed(1))
    station.publish(0, poisson(utilisation), [1.0] * CUSTOMERS)

    station.run()

    theory = utilisation / (2 * (1 - utilisation))  # Pollaczek and Khinchine, no variance
    assert np.mean(station.waits(0)) - 1.0 == pytest.approx(theory, rel=0.05)


def test_requests_inside_one_instance_wait_for_its_device_like_a_single_server():
    """Concurrency lets requests in; it does not make the device faster."""
    station = Station(Stage(), pool=fixed(1, concurrency=10_000))
    station.publish(0, poisson(0.7), exponential(1.0))

    station.run()

    assert np.mean(station.waits(0)) == pytest.approx(1 / (1 - 0.7), rel=0.08)  # M/M/1


def test_predictions_go_before_explanations_as_preemptive_priority_says():
    """Predictions see no explanation at all; explanations wait as Kleinrock's formula for
    preemptive resume has it (with chunks of length 0)."""
    rates, means = (0.3, 0.4), (1.0, 1.0)
    count = 60_000
    station = Station(Stage(), Stage(background=True), pool=fixed(1, concurrency=10**6))
    station.publish(0, poisson(rates[0], count, 3), exponential(means[0], count, 4))
    station.publish(1, poisson(rates[1], count, 5), exponential(means[1], count, 6))

    station.run()

    first, both = 0.3, 0.7  # utilisation of the first class, and of both
    remaining = rates[0] + rates[1]  # sum of rate * E[S^2] / 2 with E[S^2] = 2
    explain = 1.0 / (1 - first) + remaining / ((1 - first) * (1 - both))
    assert np.mean(station.waits(0)) == pytest.approx(1 / (1 - first), rel=0.05)
    assert np.mean(station.waits(1)) == pytest.approx(explain, rel=0.08)


def test_a_prediction_waits_for_half_a_chunk_on_average_and_never_for_more_than_one():
    count = 4_000
    predict, explain = Stage(), Stage(background=True, chunk_s=[0.1])
    station = Station(predict, explain, pool=fixed(1, concurrency=10**6))
    station.publish(0, [10.0 * number for number in range(1, count + 1)], [0.001] * count)
    station.publish(1, [0.0], [1e6])  # one endless explanation

    station.run(until=10.0 * count + 20)

    waits = np.array([station.done[0][number] - 10.0 * (number + 1) for number in range(count)])
    assert np.mean(waits) == pytest.approx(0.001 + 0.05, rel=0.05)
    assert waits.max() <= 0.001 + 0.1 + 1e-9


def test_what_the_device_worked_is_what_was_asked_of_it():
    service = exponential(1.0, 5_000)
    station = Station(Stage(), pool=fixed(3))
    station.publish(0, poisson(2.0, 5_000), service)

    station.run()

    assert station.pool.device_seconds() == pytest.approx(sum(service))
    assert len(station.done[0]) == 5_000


def test_messages_that_wait_for_one_model_share_a_batch():
    """Ten at once, batches of 4 that take 1.0, 1.2, 1.4 and 1.6 s: the first alone, as it finds an
    idle device, then 4, 4 and the last."""
    stage = Stage(batches=[[0.0, 1.0, 1.2, 1.4, 1.6]])
    station = Station(stage, pool=fixed(1, concurrency=100))
    station.publish(0, [0.0] * 10, [0.0] * 10)

    station.run()

    ends = [station.done[0][number] for number in range(10)]
    assert ends == pytest.approx([1.0, *[2.6] * 4, *[4.2] * 4, 5.2])
