"""Money, added up by hand beside it."""

from __future__ import annotations

import datetime
import itertools

import msgspec
import pytest

from dropsight.planning.cost import bill, spent_over_time, unit_cost, usage_of
from dropsight.planning.prices import ITEMS, Price, Prices, load_prices
from dropsight.planning.scenario import PoolSpec, UseSpec
from dropsight.planning.simulation.run import simulate
from dropsight.planning.usage import PoolSeconds, explanation_usage, file_usage, pool_usage
from dropsight.planning.workload import make_workload
from tests.unit.planning.times_examples import FILM, TIMES, burst, pools

pytestmark = pytest.mark.unit

MIB = 2.0**20


def prices(**amounts: float | None) -> Prices:
    """All prices 0, but for those that are given."""
    return Prices(
        currency="USD",
        region="r",
        prices={
            name: Price(
                amount=amounts.get(name, 0.0),
                unit=unit,
                source="test",
                date=datetime.date(2026, 1, 1),
            )
            for name, unit in ITEMS.items()
        },
    )


def test_an_instance_is_paid_for_as_long_as_it_lives_and_a_request_as_long_as_it_lasts():
    seconds = PoolSeconds(alive=1_000.0, served=10.0, requests=50)
    warm = PoolSeconds(alive=1_000.0, served=10.0, requests=50, warm=500.0)

    by_instance = pool_usage(PoolSpec(cpu=2.0, memory_gib=4.0, gpu="l4", speed=5.0), seconds)
    by_request = pool_usage(PoolSpec(cpu=1.0, memory_gib=2.0, billing="request"), seconds)

    assert by_instance == {
        "cloudRunInstanceCpu": 2_000.0,
        "cloudRunInstanceMemory": 4_000.0,
        "cloudRunGpuL4": 1_000.0,
    }
    assert by_request == {
        "cloudRunRequestCpu": 10.0,
        "cloudRunRequestMemory": 20.0,
        "cloudRunRequests": 50.0,
        "cloudRunIdleCpu": 0.0,
        "cloudRunIdleMemory": 0.0,
    }
    assert pool_usage(PoolSpec(cpu=1.0, billing="request"), warm)["cloudRunIdleCpu"] == 490.0


def test_one_file_is_counted_operation_by_operation():
    use = UseSpec(keep_days=30, frame_days=3, views=1, listeners=2, log_bytes=1_000)
    usage = file_usage(FILM, burst(use=use))

    assert usage["storageClassA"] == 3  # upload, frame, picture
    assert usage["storageClassB"] == 2 + 1 + 1 + 1  # ingest, predict, notification, one view
    assert usage["firestoreWrites"] == 4
    assert usage["firestoreReads"] == 3 + 2 * 4  # our own, and each listener's for each write
    assert usage["pubsubThroughput"] == 2 * 1_500 + 2 * 1_000
    assert usage["storageStandard"] == pytest.approx(1_200_000 + 100_000 * 3 / 30)  # byte-months
    assert usage["internetTransfer"] == 200_000
    assert usage["logging"] == 2_000


def test_an_explanation_adds_its_own():
    usage = explanation_usage(FILM.explanations["grad-cam"], burst())

    assert usage["storageClassA"] == 2
    assert usage["firestoreWrites"] == 2
    assert usage["pubsubThroughput"] == 2_000  # published and pushed, 1,000 bytes at least


def test_a_bill_is_quantity_by_unit_by_price():
    asked = {"pubsubThroughput": 2.0**40 / 2, "firestoreReads": 250_000.0, "logging": 512 * MIB}
    found = bill(asked, prices(pubsubThroughput=40.0, firestoreReads=0.03, logging=0.5))

    assert found.by_group == pytest.approx({"messages": 20.0, "documents": 0.075, "logs": 0.25})
    assert found.amount == pytest.approx(20.325)
    assert found.unpriced == []


def test_what_has_no_price_is_named_and_not_guessed():
    found = bill({"logging": 1e9, "firestoreReads": 1e5}, prices(logging=None, firestoreReads=0.03))

    assert found.amount == pytest.approx(0.03)
    assert found.unpriced == ["logging"]


def test_free_quantities_are_taken_off_once_a_month():
    free = prices(firestoreReads=0.03)
    reads = msgspec.structs.replace(free.prices["firestoreReads"], free_per_month=2.0)
    free = msgspec.structs.replace(free, prices=free.prices | {"firestoreReads": reads})

    assert bill({"firestoreReads": 500_000.0}, free, 1.0).amount == pytest.approx(0.09)
    assert bill({"firestoreReads": 100_000.0}, free, 1.0).amount == 0.0


def test_a_thousand_files_at_full_use_cost_their_device_time():
    """Ingest 0.1 s and 8 calls of 20 ms on one vCPU; predictions in batches of 8: 90 ms / 8 on two;
    Grad-CAM one second on two."""
    cpu = prices(cloudRunRequestCpu=1.0, cloudRunInstanceCpu=1.0)
    cost = unit_cost("film", ("grad-cam",), burst(), FILM, cpu)

    assert cost.compute == pytest.approx(
        {"ingest": 1000 * 0.26, "predict": 1000 * 2 * 0.01125, "explain": 1000 * 2 * 1.0}
    )
    assert cost.rest == 0.0


def test_twice_the_speed_is_half_the_compute():
    cpu = prices(cloudRunInstanceCpu=1.0)
    fast = burst(pools=pools(predict={"speed": 2.0}))

    slow_cost = unit_cost("film", (), burst(), FILM, cpu).compute["predict"]
    assert unit_cost("film", (), fast, FILM, cpu).compute["predict"] == pytest.approx(slow_cost / 2)


def test_spending_only_grows_and_ends_at_the_bill():
    scenario = burst(100, 10.0)
    outcome = simulate(scenario, make_workload(scenario, TIMES))
    listed = load_prices()

    spent = spent_over_time(outcome, scenario, TIMES, listed)

    assert spent[0] == pytest.approx(0.0, abs=1e-3)
    assert all(after >= before - 1e-12 for before, after in itertools.pairwise(spent))
    total = bill(usage_of(outcome, scenario, TIMES), listed).amount
    assert spent[-1] == pytest.approx(total)
    # Instances that wait out their quarter of an hour are most of what a small burst costs.
    compute = bill(usage_of(outcome, scenario, TIMES), listed).by_group["compute"]
    assert compute > 0.5 * total
