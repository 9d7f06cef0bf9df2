"""`dropsight results`: what was found, as a list or one result in full."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit, NotFound
from dropsight.domain.results import Result

EXAMPLES = """\
  dropsight results                               the newest, one a line
  dropsight results mz3f6q2xkq5y7c4h2v6s5tjwpa    one of them, in full
  dropsight results --json --limit 1000           for a script
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "results", "list results, or show one of them", EXAMPLES
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="a result id, as the list shows it")
    parser.add_argument(
        "--limit", type=int, default=50, help="how many of the newest to list (default: 50)"
    )
    common.add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.store import open_store
    from dropsight.domain.wire import to_plain

    settings = common.existing_root(options)
    results = open_store(settings).results
    if options.id is None:
        found = results.list(options.limit)
        if options.json:
            print(json.dumps([to_plain(one) for one in found], indent=2, ensure_ascii=False))
        else:
            _print_list(found)
        return Exit.OK
    one = results.get(options.id)
    if one is None:
        raise NotFound(
            f"result {options.id}: there is none in {settings.root}; "
            "`dropsight results` lists what is there"
        )
    if options.json:
        print(json.dumps(to_plain(one), indent=2, ensure_ascii=False))
    else:
        print("\n".join(describe(one)))
    return Exit.OK


def _print_list(found: Any) -> None:
    from dropsight.cli.lines import NAME_WIDTH, findings_in_words, shorten

    for result in found:
        if result.error is not None:
            words = result.error.code
        elif result.status == "queued":
            words = ""
        else:
            words = findings_in_words(result.findings)
        name = shorten(result.source.object, NAME_WIDTH)
        print(f"{result.result_id}  {result.status:<9}  {name:<{NAME_WIDTH}}  {words}".rstrip())


def describe(result: Result) -> list[str]:
    """The result in full, as lines for people."""
    source = result.source
    lines = [
        f"result       {result.result_id}",
        f"status       {result.status}",
        f"file         {source.object} (generation {source.generation}, {source.size} bytes)",
    ]
    if source.format:
        lines.append(f"format       {source.format}, {result.width} × {result.height} pixels")
    if result.model:
        lines.append(f"model        {result.model.name} {result.model.version}")
    if result.error:
        lines += [f"error        {result.error.code}", f"             {result.error.message}"]
    for finding in result.findings:
        tick = "positive" if finding.positive else "negative"
        at = "" if finding.threshold is None else f" at {finding.threshold:.2f}"
        lines.append(f"finding      {finding.label} {finding.probability:.3f}  {tick}{at}")
    for explanation in result.explanations:
        about = f"{explanation.method} of {explanation.label}: {explanation.status}"
        overlay = result.artifact(explanation.overlay) if explanation.overlay else None
        lines.append(f"explanation  {about}{f', {overlay.object}' if overlay else ''}")
    for step, reached in sorted(result.timestamps.items(), key=lambda item: item[1]):
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(reached))
        lines.append(f"{step:<12} {moment}")
    for stage, milliseconds in result.timeline.items():
        lines.append(f"time         {stage} {milliseconds:.1f} ms")
    return lines
