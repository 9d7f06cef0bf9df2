"""One readable line for each step of a file, made from the changes of its document."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from dropsight.domain.results import Finding, Result

STEPS = ("queued", "prepared", "predicted", "explained", "failed")
NAME_WIDTH = 36
STRONGEST = 3


@dataclass
class _Told:
    steps: set[str]
    reopened: float | None


class Storyteller:
    """Remembers what has been told of each result, so that each step is told once."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def lines(self, results: Sequence[Result]) -> list[str]:
        """The lines of what is new in `results`, oldest first."""
        return [line for result in results for line in self._news(result)]

    def _news(self, result: Result) -> list[str]:
        told = self._told.setdefault(result.result_id, _Told(set(), None))
        reopened = result.timestamps.get("reopened")
        if reopened != told.reopened:
            told.steps, told.reopened = set(), reopened
        reached = [
            step
            for step in STEPS
            if step in result.timestamps
            and step not in told.steps
            and (reopened is None or result.timestamps[step] >= reopened)
        ]
        told.steps.update(reached)
        # A step that another one followed in the same glance is told with it.
        shown = [s for s in reached if s in ("predicted", "explained", "failed")]
        if not shown and "queued" in reached:
            shown = ["queued"]
        return [line(result, step) for step in shown]


def line(result: Result, step: str) -> str:
    """`12:03:11  cxr/scan.dcm  queued → predicted  pneumonia 0.97  84 ms`."""
    at = result.timestamps.get(step, 0.0)
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    name = shorten(result.source.object, NAME_WIDTH)
    return "  ".join(
        part for part in (clock, f"{name:<{NAME_WIDTH}}", *_told(result, step, at)) if part
    )


def _told(result: Result, step: str, at: float) -> list[str]:
    since_start = _duration(at - result.timestamps.get("queued", at))
    if step == "queued":
        return ["queued", result.model.name if result.model else ""]
    if step == "predicted":
        return ["queued → predicted", findings_in_words(result.findings), since_start]
    if step == "explained":
        methods = sorted({e.method for e in result.explanations if e.status == "done"})
        broken = sorted({e.method for e in result.explanations if e.status == "failed"})
        words = ", ".join([*methods, *(f"{method} failed" for method in broken)])
        return ["predicted → explained", words or "nothing to explain", since_start]
    error = result.error
    return ["failed", f"{error.code}: {error.message}" if error else "", ""]


def findings_in_words(findings: Sequence[Finding]) -> str:
    """`pneumonia 0.97, viral 0.61`, or `nothing found (pneumonia 0.04)`."""
    if not findings:
        return "nothing found"
    strongest = sorted(findings, key=lambda finding: -finding.probability)
    positive = [finding for finding in strongest if finding.positive]
    words = ", ".join(f"{f.label} {f.probability:.2f}" for f in positive[:STRONGEST])
    if not positive:
        return f"nothing found ({strongest[0].label} {strongest[0].probability:.2f})"
    more = len(positive) - STRONGEST
    return f"{words} and {more} more" if more > 0 else words


def shorten(name: str, width: int) -> str:
    """The end of a long name tells more than its beginning."""
    return name if len(name) <= width else "…" + name[1 - width :]


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
