"""The commands of docs/runbook.md: gcloud and dropsight understand each of them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from deploy.canary.__main__ import options_from
from dropsight.cli.main import parser
from tests.integration.release.gcloud_check import not_understood
from tests.requirements_check import require

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/runbook.md").read_text()
HEADINGS = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
BLOCKS = re.findall(r"^ *```\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
LINES = [line.strip() for block in BLOCKS for line in block.splitlines()]
NAMED = {
    "$PROJECT": "p",
    "$REGION": "us-central1",
    "$SERVICE": "s",
    "$(date +%s)": "1",
    "--push-endpoint= ": "--push-endpoint=https://e ",  # the linter loses an empty value
}


def commands(program: str) -> list[str]:
    """Lines of the page from `program` on, up to a pipe, a redirection or the end of $(…)."""
    found = []
    for original in LINES:
        line = original
        for before, after in NAMED.items():
            line = line.replace(before, after)
        match = re.search(rf"(?:^|\| |\$\(|&& )({program} [^|>)]*)", line)
        if match and "'" in line:  # a query, which may hold any of those
            match = re.search(rf"({program} .*)", line)
        if match:
            found.append(match[1].strip())
    return found


def test_the_page_has_the_commands_that_are_looked_for() -> None:
    assert len(commands("gcloud")) >= 15
    assert len(commands("dropsight")) >= 7


@pytest.mark.parametrize("command", commands("dropsight"))
def test_dropsight_understands_it(command: str) -> None:
    parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize("command", commands("python -m deploy.canary"))
def test_the_canary_understands_it(command: str) -> None:
    options_from(shlex.split(command)[3:])


def test_gcloud_understands_all_of_it(tmp_path: Path) -> None:
    assert not_understood(commands("gcloud"), tmp_path) == {}


def test_every_alert_has_its_heading() -> None:
    alerts = ROOT / "terraform/alerts.tf"
    require(alerts.exists(), "terraform/, which makes the alerts")
    names = re.findall(r'display_name += "\$\{var\.prefix\}: (.*)"', alerts.read_text())
    told = [one.replace("${each.key}", "a stage") for one in names if "@" not in one]
    assert {one for one in told if one != "a stage"} <= {one.lower() for one in HEADINGS}


def test_every_link_within_the_page_leads_somewhere() -> None:
    there = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in HEADINGS}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= there
