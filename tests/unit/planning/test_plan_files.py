"""Files that people edit: what is read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from dropsight.domain.errors import PlanInvalid
from dropsight.planning.files import parse_yaml, read_yaml, shipped
from dropsight.planning.limits import load_limits
from dropsight.planning.prices import ITEMS, load_prices
from dropsight.planning.scenario import Scenario
from dropsight.planning.times import load_times
from dropsight.planning.workload import make_workload
from tests.unit.planning.times_examples import FILM, SPOTS

pytestmark = pytest.mark.unit


def test_the_shipped_prices_have_all_items_each_with_source_and_date():
    prices = load_prices()

    assert prices.missing == []
    assert set(prices.prices) == set(ITEMS)
    for name, price in prices.prices.items():
        assert "https://" in price.source or price.source.startswith("as "), name
        assert price.date.year >= 2024, name


def test_the_shipped_limits_say_where_they_are_from_and_what_to_ask():
    for name, limit in load_limits().items():
        assert limit.source.startswith("https://"), name
        assert limit.ask, name


def test_the_shipped_times_say_what_they_were_taken_on():
    times = load_times()

    assert times.machine.cpu_cores == 2
    assert times.machine.accelerator is None
    assert "2 CPU cores" in times.machine.description
    assert {"cxr-pneumonia", "bright-spots"} <= times.models.keys()


def test_the_shipped_scenario_can_be_run_with_the_shipped_times():
    scenario = parse_yaml(shipped("burst.yaml"), Scenario, "burst.yaml")

    assert make_workload(scenario, load_times()).files == 10_000


def test_between_and_past_the_measured_sizes_a_batch_lies_on_a_straight_line():
    """20 ms for 1, 30 for 2, 90 for 8: 10 ms more for each."""
    assert FILM.batch_table(10)[1:] == pytest.approx(
        [0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.10, 0.11]
    )


def test_a_model_that_was_measured_alone_takes_that_long_for_each():
    assert SPOTS.batch_table(3)[1:] == pytest.approx([0.5, 1.0, 1.5])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prices": {"bread": {}}}, "missing required field `amount`"),
        ({"curency": "USD"}, "unknown field `curency`"),
        (
            {
                "prices": {
                    "bread": {"amount": 1, "unit": "GiB", "source": "s", "date": "2026-01-01"}
                }
            },
            "prices.bread: legal are cloudRunGpuL4",
        ),
        (
            {
                "prices": {
                    "logging": {"amount": 1, "unit": "TB", "source": "s", "date": "2026-01-01"}
                }
            },
            "prices.logging.unit: found 'TB', legal is 'GiB'",
        ),
        (
            {
                "prices": {
                    "logging": {"amount": -1, "unit": "GiB", "source": "s", "date": "2026-01-01"}
                }
            },
            "Expected `float` >= 0.0 - at `$.prices[...].amount`",
        ),
    ],
)
def test_a_price_file_that_is_wrong_is_refused(tmp_path: Path, change: dict[str, Any], said: str):
    path = tmp_path / "prices.yaml"
    path.write_text(yaml.safe_dump({"currency": "USD", "region": "r", "prices": {}} | change))

    with pytest.raises(PlanInvalid) as refused:
        load_prices(path)
    assert str(path) in str(refused.value)
    assert said in str(refused.value)


def test_a_file_that_is_not_there_or_no_yaml_is_refused(tmp_path: Path):
    with pytest.raises(PlanInvalid, match="cannot be read"):
        load_times(tmp_path / "gone.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("prices: [")
    with pytest.raises(PlanInvalid, match="not YAML"):
        load_prices(broken)


def test_times_need_a_single_frame(tmp_path: Path):
    plain = yaml.safe_load(shipped("times-2-cpu-cores.yaml"))
    plain["models"]["cxr-pneumonia"]["predictMs"] = {2: 30.0}
    path = tmp_path / "times.yaml"
    path.write_text(yaml.safe_dump(plain))
    with pytest.raises(PlanInvalid, match="predictMs: found sizes"):
        load_times(path)


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[3] / "docs/plans").glob("*.yaml")))
def test_every_documented_scenario_can_be_run_with_the_shipped_times(path: Path):
    scenario = read_yaml(path, Scenario)
    small = msgspec.structs.replace(
        scenario, arrivals=msgspec.structs.replace(scenario.arrivals, files=50)
    )

    assert make_workload(small, load_times()).files == 50
