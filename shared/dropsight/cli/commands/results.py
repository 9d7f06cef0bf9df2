"""`dropsight results`: what was found, as a list or one result in full; or away with it."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from dropsight.api.parameters import read_moment
from dropsight.cli import exporting
from dropsight.cli import options as common
from dropsight.cli.commands.explain import line as explanation_line
from dropsight.cli.errors import CommandFailed, Exit, NotFound, WrongUsage
from dropsight.domain.errors import ManifestInvalid, MessageInvalid
from dropsight.domain.queries import ResultQuery
from dropsight.domain.results import DEFAULT_PROJECT, Result
from dropsight.domain.results import LISTED as STATUSES
from dropsight.domain.wire import to_plain
from dropsight.settings import Settings

if TYPE_CHECKING:
    from dropsight.domain.manifests import Manifest
    from dropsight.pipeline.deletion import Deletion
    from dropsight.ports import FeedbackStore

LISTED = 12
"""Objects that are shown one by one; the exports have them all."""

EXAMPLES = """\
  dropsight results                               the newest, one a line
  dropsight results mz3f6q2xkq5y7c4h2v6s5tjwpa    one of them, in full
  dropsight results --json --limit 1000           for a script
  dropsight results ID --csv --confidence 0.3     its boxes, at a threshold of your own
  dropsight results ID --coco --iou 0.6 --out spots.json
  dropsight results --label pneumonia --from 2026-11-01
  dropsight results ID --delete                   it, its pictures, everything but the upload
  dropsight results ID --json --labels red,white  the objects of two labels, for a script
  dropsight results ID --overlay 0 --confidence 0.1 --out picture.png
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "results", "list results; show, export or delete one of them", EXAMPLES
    )
    parser.add_argument(
        "id",
        nargs="?",
        metavar="ID",
        help="a result id, as the list shows it, or the name of its file",
    )
    parser.add_argument(
        "--limit", type=int, default=50, help="how many of the newest to list (default: 50)"
    )
    form = parser.add_mutually_exclusive_group()
    common.add_json(form)
    exporting.add_options(parser, form)
    which = parser.add_argument_group("which results are listed")
    which.add_argument("--model", metavar="M", help="those of this model")
    which.add_argument("--status", choices=STATUSES, help="those that have come this far")
    which.add_argument("--label", metavar="L", help="those where this was found")
    which.add_argument("--project", metavar="P", help="those that belong to this project")
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
    from dropsight.cli.store import deletion, open_store, result_of

    _check_options(options)
    settings = common.existing_root(options)
    store = open_store(settings)
    results = store.results
    if options.id is None:
        found = results.list(options.limit, _query(options))
        if options.json:
            plain = [to_plain(one) for one in found]
            exporting.give(exporting.indented(plain), options.out)
        else:
            _print_list(found)
        return Exit.OK
    # What is deleted is named by its id: two files may have one name.
    one = results.get(options.id) if options.delete else result_of(store, options.id)
    if one is not None and options.delete:
        _print_deletion(deletion(store, settings)(options.id, source=options.source), options.json)
        return Exit.OK
    if one is None or one.is_deleted:
        raise NotFound(
            f"result {options.id}: {'was deleted from' if one else 'there is none in'} "
            f"{settings.root}; "
            "`dropsight results` lists what is there"
        )
    if options.overlay is not None:
        manifest = _manifest_of(one, settings)
        exporting.give(exporting.drawn(one, options, store.objects, manifest), options.out)
    elif options.json or options.csv or options.coco:
        exporting.give(exporting.exported(one, options), options.out)
    else:
        print("\n".join([*describe(one), *_describe_feedback(store.feedback, one)]))
    return Exit.OK


def _check_options(options: argparse.Namespace) -> None:
    """Raises WrongUsage for options that would say nothing."""
    exporting.check_options(options)
    names = ("model", "status", "label", "project", "since", "until")
    conditions = [getattr(options, name) for name in names]
    if options.id is not None and any(one is not None for one in conditions):
        raise WrongUsage(
            "--model, --status, --label, --project, --from, --to: go with the list, without an ID"
        )
    exports = options.csv or options.coco or options.overlay is not None
    if options.delete and (options.id is None or exports or options.out is not None):
        raise WrongUsage("--delete: goes with the ID of one result, and with --json at most")
    if options.source and not options.delete:
        raise WrongUsage("--source: goes with --delete only")


def _query(options: argparse.Namespace) -> ResultQuery:
    return ResultQuery(
        model=options.model,
        status=options.status,
        label=options.label,
        arrived_from=options.since,
        arrived_before=options.until,
        projects=None if options.project is None else (options.project,),
    )


def _print_deletion(done: Deletion, as_json: bool) -> None:
    if as_json:
        exporting.give(exporting.indented(to_plain(done)), None)
        return
    letters = f" and {done.dead_letters} dead letters" if done.dead_letters else ""
    letters += f" and {done.feedback} entries of feedback" if done.feedback else ""
    upload = "the upload went, too" if done.source else "the upload stays where it is"
    print(f"{done.result_id}  deleted with {done.objects} files{letters}; {upload}")


def _manifest_of(result: Result, settings: Settings) -> Manifest | None:
    """For names and colours; None where the model or all models are not there any more."""
    from dropsight.cli.serving import manifests_and_routes

    try:
        models, _ = manifests_and_routes(settings)
    except (CommandFailed, ManifestInvalid):
        return None
    return models.get(result.model.name) if result.model else None


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
    if result.project != DEFAULT_PROJECT:
        lines.append(f"project      {result.project}")
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


def _describe_feedback(store: FeedbackStore, result: Result) -> list[str]:
    """What people said of it, oldest first."""
    lines = []
    for said in store.list(result.result_id):
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(said.created_at))
        subject = f" on {said.label}" if said.label else ""
        words = f": {said.comment}" if said.comment else ""
        author = said.author.name or said.author.uid
        line = " ".join(f"{moment} {author} {said.verdict}s{subject}{words}".split())
        # It comes from elsewhere: nothing in it may steer the terminal.
        lines.append("feedback     " + "".join(one for one in line if one.isprintable()))
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
