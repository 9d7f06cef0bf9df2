"""Every condition of the rules has been true once and false once.

Runs after the other files of this folder (pytest takes files by name), for the emulator counts what
those asked it. https://firebase.google.com/docs/rules/emulator-reports
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIRESTORE_RULES
from tests.integration.firestore_rules.conftest import PROJECT
from tests.integration.firestore_rules.visitors import HTTP

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent
OTHERS = {"test_reading.py", "test_writing.py"}


def outcomes(node: dict[str, Any]) -> set[bool | None]:
    """What an expression was found to be; None for a value that is not a truth value. Empty: it
    was never reached, or only ended in an error."""
    found = (one["value"] for one in node.get("values", ()))
    return {value.get("boolValue") for value in found if value.keys() - {"undefined"}}


def uncovered(nodes: list[dict[str, Any]], rules: str) -> Iterator[str]:
    """Conditions that were not seen both ways, and expressions that were never reached."""
    for node in nodes:
        place = node["sourcePosition"]
        text = rules[place.get("currentOffset", 0) : place["endOffset"] + 1]
        seen = outcomes(node)
        if not seen or seen in ({True}, {False}):
            yield f"line {place['line']}: {text!r} was {sorted(seen, key=str) or 'never reached'}"
        yield from uncovered(node.get("children", []), rules)


def test_every_condition_was_true_once_and_false_once(
    firestore_emulator: str, request: pytest.FixtureRequest
):
    ran = {item.path.name for item in request.session.items if item.path.parent == HERE}
    if not ran >= OTHERS:
        pytest.skip("the other tests of this folder did not run: there is nothing to count")
    report = HTTP.request(
        "GET", f"http://{firestore_emulator}/emulator/v1/projects/{PROJECT}:ruleCoverage"
    ).json()
    rules = FIRESTORE_RULES.read_text()
    assert report["rules"]["files"][0]["content"] == rules
    assert len(report["report"]) >= rules.count("allow ")

    assert list(uncovered(report["report"], rules)) == []
