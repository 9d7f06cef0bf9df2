"""`dropsight results`: what was found, as a list or one result in full; or away with it."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropsight.api.parameters import read_moment
from dropsight.cli import options as common
from dropsight.cli.errors import Exit, NotFound, WrongUsage
from dropsight.domain.errors import MessageInvalid
from dropsight.domain.queries import ResultQuery
from dropsight.domain.results import LISTED, CandidateSet, Result
from dropsight.domain.wire import to_plain

if TYPE_CHECKING:
    from dropsight.pipeline.deletion import Deletion

EXAMPLES = """\
  dropsight results                               the newest, one a line
  dropsight results mz3f6q2xkq5y7c4h2v6s5tjwpa    one of them, in full
  dropsight results --json --limit 1000           for a script
  dropsight results ID --csv --confidence 0.3     its boxes, at a threshold of your own
  dropsight results ID --coco --iou 0.6 --out spots.json
  dropsight results --label pneumonia --from 2026-11-01
  dropsight results ID --delete                   it, its pictures, everything but the upload
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "results", "list results; show, export or delete one of them", EXAMPLES
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="a result id, as the list shows it")
    parser.add_argument(
        "--limit", type=int, default=50, help="how many of the newest to list (default: 50)"
    )
    form = parser.add_mutually_exclusive_group()
    common.add_json(form)
    form.add_argument(
        "--csv", action="store_true", help="print the objects, or labels, of one result as CSV"
    )
    form.add_argument("--coco", action="store_true", help="print its objects as COCO JSON")
    parser.add_argument(
        "--confidence",
        type=_share,
        metavar="C",
        help="with --csv and --coco: the lowest score (default: the labels' own thresholds)",
    )
    parser.add_argument(
        "--iou",
        type=_share,
        metavar="I",
        help="with --csv and --coco: the largest overlap of two objects (default: the model's)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write --json, --csv or --coco here, not to stdout"
    )
    parser.add_argument(
        "--label",
        metavar="L",
        help="list results where this was found; with --csv and --coco: only these, as a,b",
    )
    which = parser.add_argument_group("which results are listed")
    which.add_argument("--model", metavar="M", help="those of this model")
    which.add_argument("--status", choices=LISTED, help="those that have come this far")
    which.add_argument(
        "--from", dest="since", type=_moment, metavar="T", help="arrived then or later"
    )
    which.add_argument(
        "--to",
        dest="until",
        type=_moment,
        metavar="T",
        help="arrived earlier; a date or RFC 3339, UTC unless it says otherwise",
    )
    removal = parser.add_argument_group("deletion")
    removal.add_argument(
        "--delete", action="store_true", help="delete the result and all that was derived from it"
    )
    removal.add_argument(
        "--source", action="store_true", help="with --delete: the uploaded file, too"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.store import deletion, open_store

    _check_options(options)
    settings = common.existing_root(options)
    store = open_store(settings)
    results = store.results
    if options.id is None:
        found = results.list(options.limit, _query(options))
        if options.json:
            _give(_indented([to_plain(one) for one in found]), options.out)
        else:
            _print_list(found)
        return Exit.OK
    one = results.get(options.id)
    if one is not None and options.delete:
        _print_deletion(deletion(store, settings)(options.id, source=options.source), options.json)
        return Exit.OK
    if one is None or one.is_deleted:
        raise NotFound(
            f"result {options.id}: {'was deleted from' if one else 'there is none in'} "
            f"{settings.root}; "
            "`dropsight results` lists what is there"
        )
    if options.json:
        _give(_indented(to_plain(one)), options.out)
    elif options.csv or options.coco:
        _give(_exported(one, options), options.out)
    else:
        print("\n".join(describe(one)))
    return Exit.OK


def _check_options(options: argparse.Namespace) -> None:
    """Raises WrongUsage for options that would say nothing."""
    exports = options.csv or options.coco
    if exports and options.id is None:
        raise WrongUsage("--csv, --coco: missing the ID of the result whose objects are meant")
    if not exports and (options.confidence is not None or options.iou is not None):
        raise WrongUsage("--confidence, --iou: go with --csv or --coco only")
    conditions = (options.model, options.status, options.since, options.until)
    if options.id is not None and any(one is not None for one in conditions):
        raise WrongUsage("--model, --status, --from, --to: go with the list, without an ID")
    if options.id is not None and options.label is not None and not exports:
        raise WrongUsage("--label: goes with the list, or with --csv and --coco")
    if options.delete and (options.id is None or exports or options.out is not None):
        raise WrongUsage("--delete: goes with the ID of one result, and with --json at most")
    if options.source and not options.delete:
        raise WrongUsage("--source: goes with --delete only")
    if options.out is not None and not (exports or options.json):
        raise WrongUsage("--out: goes with --json, --csv or --coco only")


def _exported(result: Result, options: argparse.Namespace) -> str:
    from dropsight.domain.exports import Thresholds, export_coco, export_csv

    labels = None if options.label is None else options.label.split(",")
    chosen = Thresholds(options.confidence, options.iou, labels)
    if options.csv:
        return export_csv(result, chosen)
    return _indented(export_coco(result, chosen))


def _query(options: argparse.Namespace) -> ResultQuery:
    return ResultQuery(
        model=options.model,
        status=options.status,
        label=options.label,
        arrived_from=options.since,
        arrived_before=options.until,
    )


def _print_deletion(done: Deletion, as_json: bool) -> None:
    if as_json:
        _give(_indented(to_plain(done)), None)
        return
    letters = f" and {done.dead_letters} dead letters" if done.dead_letters else ""
    upload = "the upload went, too" if done.source else "the upload stays where it is"
    print(f"{done.result_id}  deleted with {done.objects} files{letters}; {upload}")


def _indented(plain: Any) -> str:
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def _give(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8", newline="")


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"found {text}, legal are 0 to 1")
    return value


def _moment(text: str) -> float:
    try:
        return read_moment("time", text)
    except MessageInvalid as error:
        raise argparse.ArgumentTypeError(str(error)) from error


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
    if result.candidates is not None:
        lines += _describe_objects(result, result.candidates)
    for finding in result.findings if result.candidates is None else []:
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


def _describe_objects(result: Result, candidates: CandidateSet) -> list[str]:
    """How many of each label, at the labels' thresholds; then where the rest is."""
    counts = Counter(finding.label for finding in result.positives)
    lines = [f"found        {count} × {label}" for label, count in sorted(counts.items())]
    weaker = len(result.findings) - counts.total()
    about = f"{weaker} more candidates down to a score of {candidates.minimum_score:g}"
    dropped = f", {candidates.dropped} weaker ones not kept" if candidates.dropped else ""
    return [*(lines or ["found        nothing"]), f"             {about}{dropped}"]
