"""`dropsight results`: what was found, as a list or one result in full."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from dropsight.cli import exporting
from dropsight.cli import options as common
from dropsight.cli.commands.explain import line as explanation_line
from dropsight.cli.errors import CommandFailed, Exit, NotFound
from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.results import Result
from dropsight.settings import Settings

if TYPE_CHECKING:
    from dropsight.domain.manifests import Manifest

LISTED = 12
"""Objects that are shown one by one; the exports have them all."""

EXAMPLES = """\
  dropsight results                               the newest, one a line
  dropsight results mz3f6q2xkq5y7c4h2v6s5tjwpa    one of them, in full
  dropsight results --json --limit 1000           for a script
  dropsight results ID --csv --confidence 0.3     its boxes, at a threshold of your own
  dropsight results ID --coco --iou 0.6 --out spots.json
  dropsight results ID --json --labels red,white  the objects of two labels, for a script
  dropsight results ID --overlay 0 --confidence 0.1 --out picture.png
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "results", "list results, or show one of them", EXAMPLES
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="a result id, as the list shows it")
    parser.add_argument(
        "--limit", type=int, default=50, help="how many of the newest to list (default: 50)"
    )
    form = parser.add_mutually_exclusive_group()
    common.add_json(form)
    exporting.add_options(parser, form)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.store import open_store
    from dropsight.domain.wire import to_plain

    exporting.check_options(options)
    settings = common.existing_root(options)
    store = open_store(settings)
    results = store.results
    if options.id is None:
        found = results.list(options.limit)
        if options.json:
            plain = [to_plain(one) for one in found]
            exporting.give(exporting.indented(plain), options.out)
        else:
            _print_list(found)
        return Exit.OK
    one = results.get(options.id)
    if one is None:
        raise NotFound(
            f"result {options.id}: there is none in {settings.root}; "
            "`dropsight results` lists what is there"
        )
    if options.overlay is not None:
        manifest = _manifest_of(one, settings)
        exporting.give(exporting.drawn(one, options, store.objects, manifest), options.out)
    elif options.json or options.csv or options.coco:
        exporting.give(exporting.exported(one, options), options.out)
    else:
        print("\n".join(describe(one)))
    return Exit.OK


def _manifest_of(result: Result, settings: Settings) -> Manifest | None:
    """For names and colours; None where the model or all models are not there any more."""
    from dropsight.cli.serving import manifests_and_routes

    try:
        models, _ = manifests_and_routes(settings)
    except (CommandFailed, ManifestInvalid):
        return None
    return models.get(result.model.name) if result.model else None


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
    if result.holds_objects and result.status in ("predicted", "explained"):
        lines += _describe_objects(result)
    for finding in [] if result.holds_objects else result.findings:
        tick = "positive" if finding.positive else "negative"
        at = "" if finding.threshold is None else f" at {finding.threshold:.2f}"
        lines.append(f"finding      {finding.label} {finding.probability:.3f}  {tick}{at}")
    for explanation in result.explanations:
        lines.append(f"explanation  {explanation_line(result, explanation)}")
    for step, reached in sorted(result.timestamps.items(), key=lambda item: item[1]):
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(reached))
        lines.append(f"{step:<12} {moment}")
    for stage, milliseconds in result.timeline.items():
        lines.append(f"time         {stage} {milliseconds:.1f} ms")
    return lines


def _describe_objects(result: Result) -> list[str]:
    """How many of each label, at the labels' thresholds; the first of them; where the rest is."""
    from dropsight.domain.exports import label_counts, shown_objects

    objects = shown_objects(result)
    counts = label_counts(objects)
    lines = [f"found        {count} × {label}" for label, count in counts.items()]
    lines = lines or ["found        nothing"]
    for one in objects[:LISTED]:
        x, y, width, height = one.finding.box or (0.0, 0.0, 0.0, 0.0)
        frame = f"frame {one.finding.frame}  " if result.frames > 1 else ""
        lines.append(
            f"object       {frame}{one.number:<4} {one.finding.label} "
            f"{one.finding.score or 0.0:.3f}  {width:g} × {height:g} at ({x:g}, {y:g})"
        )
    if len(objects) > LISTED:
        lines.append(f"             {len(objects) - LISTED} more; --csv lists them all")
    if result.candidates is not None:
        weaker = len(result.findings) - len(objects)
        least = result.candidates.minimum_score
        dropped = result.candidates.dropped
        kept = f", {dropped} weaker ones not kept" if dropped else ""
        lines.append(f"             {weaker} more candidates down to a score of {least:g}{kept}")
    return lines
