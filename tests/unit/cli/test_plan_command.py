"""`dropsight plan`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from dropsight.cli.main import main
from dropsight.domain.wire import to_plain
from dropsight.planning.files import shipped
from tests.unit.planning.times_examples import TIMES

pytestmark = pytest.mark.unit

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def times(tmp_path: Path) -> str:
    path = tmp_path / "times.yaml"
    path.write_text(yaml.safe_dump(to_plain(TIMES)))
    return str(path)


@pytest.fixture
def burst(tmp_path: Path) -> str:
    path = tmp_path / "burst.yaml"
    plain = {
        "arrivals": {"files": 300, "overS": 20},
        "mix": {"film": 1.0},
        "pools": {
            "ingest": {"coldStartS": 5, "billing": "request"},
            "predict": {"concurrency": 16, "maxInstances": 5},
            "explain": {"concurrency": 4, "maxInstances": 5},
        },
    }
    path.write_text(yaml.safe_dump(plain))
    return str(path)


def test_a_burst_is_told_in_tables_with_its_assumptions(times: str, burst: str, capsys):
    assert main(["plan", "--simulate", burst, "--times", times]) == 0

    said = capsys.readouterr().out
    for part in (
        "seconds from landing",
        "all explanations",
        "dead letters",
        "device busy",
        "for 1,000 files at full use",
        "prices: us-central1, USD, list prices",
        "nobody has measured that",
        "times: a machine of tests",
    ):
        assert part in said, part


def test_the_same_as_json_adds_up(times: str, burst: str, capsys):
    assert main(["plan", "--simulate", burst, "--times", times, "--json"]) == 0

    plan = json.loads(capsys.readouterr().out)
    assert plan["files"] == 300
    assert plan["isDrained"]
    assert plan["queues"]["predict"]["messages"] == 300
    assert plan["services"]["predict"]["most"] <= 5
    assert plan["secondsFromLanding"]["found"]["p50"] <= plan["secondsFromLanding"]["found"]["p95"]
    assert plan["simulated"]["amount"] == pytest.approx(sum(plan["simulated"]["byGroup"].values()))
    assert plan["overTime"][-1]["settled"] == [300, 300, 300]


def test_the_picture_is_svg_with_four_panels_and_the_same_each_time(
    times: str, burst: str, tmp_path: Path
):
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    for path in (first, second):
        command = ["plan", "--simulate", burst, "--times", times, "--picture", str(path)]
        assert main(command) == 0

    assert first.read_bytes() == second.read_bytes()
    root = ElementTree.fromstring(first.read_text())  # noqa: S314 (written a moment ago)
    texts = [one.text or "" for one in root.iter(f"{SVG}text")]
    for title in ("oldest message that waits", "messages that wait", "spent, USD"):
        assert title in texts
    curves = [one for one in root.iter(f"{SVG}path") if one.get("fill") == "none"]
    assert len(curves) == 3 + 3 + 3 + 1
    assert len(first.read_bytes()) < 100_000


def test_a_day_says_how_many_instances_keep_the_promise(times: str, capsys):
    command = ["plan", "--files-per-day", "200", "--p95", "3", "--times", times]
    assert main([*command, "--mix", "film=1", "--explanations", "none"]) == 0

    said = capsys.readouterr().out
    assert "findings for 95 of 100 files within 3 s: kept" in said
    assert "30 such days" in said


def test_a_promise_that_cannot_be_kept_is_exit_code_1(times: str, capsys):
    command = ["plan", "--files-per-day", "20", "--p95", "0.01", "--times", times]
    assert main([*command, "--mix", "film=1", "--explanations", "none"]) == 1

    assert "NOT KEPT" in capsys.readouterr().out


def test_a_missing_price_is_named(times: str, burst: str, tmp_path: Path, capsys):
    plain = yaml.safe_load(shipped("prices.yaml"))
    plain["prices"]["logging"]["amount"] = None
    mine = tmp_path / "prices.yaml"
    mine.write_text(yaml.safe_dump(plain))

    command = ["plan", "--simulate", burst, "--times", times, "--prices", str(mine)]
    assert main(command) == 0
    assert "NOT IN THESE SUMS, for want of a price: logging" in capsys.readouterr().out


def test_copies_are_written_once(tmp_path: Path, capsys):
    prices, scenario = tmp_path / "prices.yaml", tmp_path / "burst.yaml"

    command = ["plan", "--write-prices", str(prices), "--write-scenario", str(scenario)]
    assert main(command) == 0
    assert prices.read_text() == shipped("prices.yaml")
    assert scenario.read_text() == shipped("burst.yaml")
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "say what to plan"),
        (["--files-per-day", "10"], 2, "needs --p95"),
        (["--files-per-day", "10", "--simulate", "x.yaml"], 2, "give one of them"),
        (["--files-per-day", "10", "--p95-explained", "9"], 2, "goes with --p95"),
        (["--simulate", "gone.yaml"], 1, "gone.yaml: cannot be read"),
        (["--measure"], 2, "--measure needs --to"),
        (["--files-per-day", "10", "--p95", "9", "--mix", "gone=1"], 1, "model 'gone'"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(arguments: list[str], code: int, said: str, capsys):
    assert main(["plan", *arguments]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--files-per-day", "0"],
        ["--p95", "-1"],
        ["--p95", "many"],
        ["--mix", "film"],
        ["--mix", "film=x"],
        ["--explanations", "lime=2"],
    ],
)
def test_values_that_are_no_values_are_wrong_usage(arguments: list[str], capsys):
    with pytest.raises(SystemExit) as ended:
        main(["plan", *arguments])
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err
