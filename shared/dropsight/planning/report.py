"""What a plan says, as tables for people. `as_plain` is the same for scripts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from dropsight.planning.cost import Bill, UnitCost
from dropsight.planning.limits import Touched
from dropsight.planning.prices import Prices
from dropsight.planning.scenario import Scenario
from dropsight.planning.search import percentile
from dropsight.planning.simulation.run import Outcome
from dropsight.planning.times import Times

PERCENTILES = (50, 95, 99, 100)
STEPS = {"prepared": "prepared", "found": "findings", "explained": "all explanations"}


@dataclass(frozen=True)
class Report:
    scenario: Scenario
    """As it was simulated, with the instances that were found."""
    times: Times
    prices: Prices
    outcome: Outcome
    bill: Bill
    """Of what was simulated."""
    month: Bill | None
    """Of thirty such days; None where no day was planned."""
    files_of_month: int
    units: list[UnitCost]
    touched: list[Touched]
    files: int
    """That were simulated."""
    promise: dict[str, float]
    """What was asked for, in seconds, by step; empty where nothing was."""
    is_kept: bool
    notes: list[str]


def lines(report: Report) -> Iterator[str]:
    """Text for a terminal."""
    yield from _promise(report)
    yield from _waits(report)
    yield ""
    yield from _instances(report)
    yield ""
    yield from _money(report)
    yield ""
    yield from _units(report)
    yield ""
    yield from _limits(report)
    yield ""
    yield from _basis(report)


def _promise(report: Report) -> Iterator[str]:
    for step, seconds in report.promise.items():
        found = percentile(report.outcome, step, 95)
        kept = "kept" if found <= seconds else "NOT KEPT"
        yield f"{STEPS[step]} for 95 of 100 files within {seconds:g} s: {kept} ({_seconds(found)})"
    dead = sum(one.dead for one in report.outcome.stages.values())
    if report.promise and dead:
        yield f"no dead letters: NOT KEPT ({dead:,} messages)"
    if report.promise and not report.is_kept:
        yield (
            "no number of instances keeps that promise: the times alone, or maxInstances, are in "
            "the way"
        )
    if report.promise:
        yield ""


def _waits(report: Report) -> Iterator[str]:
    outcome = report.outcome
    rows = [["seconds from landing", *(f"{one} %" for one in PERCENTILES)]]
    for step, name in STEPS.items():
        if step == "explained" and not outcome.explained_files:
            continue
        waits = [percentile(outcome, step, one) for one in PERCENTILES]
        rows.append([name, *map(_seconds, waits)])
    yield from table(rows)
    rows = [["queue", "messages", "pushes", "refused (429)", "expired", "dead letters", "oldest"]]
    for at, (name, one) in enumerate(outcome.stages.items()):
        oldest = max(sample.oldest_s[at] for sample in outcome.samples)
        counts = (one.messages, one.pushes, one.refused, one.expired, one.dead)
        rows.append([name, *(f"{count:,}" for count in counts), _seconds(oldest)])
    yield ""
    yield from table(rows)
    if not outcome.drained:
        yield f"NOT DONE when the simulation ended, after {_seconds(outcome.ended_s)}"


def _instances(report: Report) -> Iterator[str]:
    header = ["service", "each", "warm", "at most", "used", "instance-hours", "device busy"]
    rows = [header]
    for name, one in report.outcome.pools.items():
        spec = report.scenario.pools[name]
        gpu = f" {spec.gpu}" if spec.gpu else ""
        busy = one.device_s / one.alive_s if one.alive_s else 0.0
        rows.append(
            [
                name,
                f"{spec.cpu:g} CPU {spec.memory_gib:g} GiB{gpu}",
                str(spec.min_instances),
                f"{spec.max_instances:,}",
                f"{one.most:,}",
                f"{one.alive_s / 3600:,.1f}",
                f"{busy:.0%}",
            ]
        )
    yield from table(rows)


def _money(report: Report) -> Iterator[str]:
    unit = report.prices.currency
    rows = [[unit, *report.bill.by_group, "sum", "for 1,000 files"]]
    for name, one, files in (
        ("simulated", report.bill, report.files),
        ("30 such days", report.month, report.files_of_month),
    ):
        if one is not None:
            parts = [f"{one.by_group.get(group, 0.0):,.2f}" for group in report.bill.by_group]
            each = 1000 * one.amount / files
            rows.append([name, *parts, f"{one.amount:,.2f}", f"{each:.3f}"])
    yield from table(rows)
    unpriced = sorted({*report.bill.unpriced, *report.prices.missing})
    if unpriced:
        yield (
            f"NOT IN THESE SUMS, for want of a price: {', '.join(unpriced)}; put it into a copy of "
            "the price file (dropsight plan --write-prices FILE) and name that with --prices"
        )


def _units(report: Report) -> Iterator[str]:
    rows = [
        [
            f"{report.prices.currency} for 1,000 files at full use",
            "explanations",
            *("ingest", "predict", "explain", "rest", "sum"),
        ]
    ]
    for one in report.units:
        compute = [f"{one.compute[stage]:.3f}" for stage in ("ingest", "predict", "explain")]
        methods = ", ".join(one.explanations) or "none"
        rows.append([one.model, methods, *compute, f"{one.rest:.3f}", f"{one.amount:.3f}"])
    yield from table(rows)


def _limits(report: Report) -> Iterator[str]:
    if not report.touched:
        yield "no limit of the platform is near"
        return
    yield "limits and quotas that this touches:"
    for one in report.touched:
        bound = "look yours up" if one.bound is None else f"limit {_number(one.bound)}"
        mark = "OVER  " if one.is_exceeded else ""
        whose = f"{one.pool}: " if one.pool else ""
        yield f"  {mark}{whose}{one.limit.what}: {_number(one.used)} {one.limit.unit} ({bound})"
        yield f"      {one.limit.ask}"
        yield f"      {one.limit.source}"


def _basis(report: Report) -> Iterator[str]:
    machine, prices = report.times.machine, report.prices
    yield f"times: {machine.description}, {machine.date}"
    yield (
        f"prices: {prices.region}, {prices.currency}, list prices; the oldest figure is of "
        f"{prices.oldest}"
    )
    yield from report.notes


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first row is the header; the first column is flush left, the others flush right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def as_plain(report: Report) -> dict[str, Any]:
    """JSON-like builtins with lowerCamelCase keys. Endless waits are null."""
    outcome = report.outcome
    return {
        "files": report.files,
        "promise": report.promise,
        "isKept": report.is_kept,
        "isDrained": outcome.drained,
        "secondsFromLanding": {
            step: {f"p{one}": _finite(percentile(outcome, step, one)) for one in PERCENTILES}
            for step in STEPS
            if step != "explained" or outcome.explained_files
        },
        "queues": {name: _camel(one) for name, one in outcome.stages.items()},
        "services": {
            name: _camel(one) | {"setUp": msgspec.to_builtins(report.scenario.pools[name])}
            for name, one in outcome.pools.items()
        },
        "currency": report.prices.currency,
        "simulated": _camel(report.bill),
        "month": _camel(report.month) if report.month else None,
        "for1000FilesAtFullUse": [_camel(one) | {"amount": one.amount} for one in report.units],
        "limits": [
            {
                "name": one.name,
                "pool": one.pool,
                "what": one.limit.what,
                "unit": one.limit.unit,
                "used": one.used,
                "bound": one.bound,
                "isExceeded": one.is_exceeded,
                "ask": one.limit.ask,
                "source": one.limit.source,
            }
            for one in report.touched
        ],
        "times": msgspec.to_builtins(report.times.machine),
        "prices": {
            "region": report.prices.region,
            "oldest": report.prices.oldest.isoformat(),
            "missing": report.prices.missing,
        },
        "notes": report.notes,
        "overTime": [_camel(one) for one in outcome.samples],
    }


def _camel(record: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(record)
    return {_lower_camel(name): value for name, value in plain.items()}


def _lower_camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _finite(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None


def _seconds(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "never"
    return f"{seconds:,.1f}" if seconds >= 10 else f"{seconds:.2f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
