"""`dropsight explain`: ask for a reason that was not made by itself."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import CommandFailed, Exit, NotFound
from dropsight.domain.results import Explanation, Result

EXAMPLES = """\
  dropsight explain ID --object 3                     why object 3 was found, by LIME
  dropsight explain ID --object 0 --frame 2 --wait    of the third frame; end when it is there
  dropsight explain ID --object 3 --method grad-cam   by gradients (torch, Keras)
  dropsight explain ID --label viral                  of a classifier: one more of its labels

Objects are numbered from 0 in each frame: `dropsight results ID` shows the numbers.
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "explain", "ask why one object or one label was found", EXAMPLES
    )
    parser.add_argument("id", metavar="ID", help="a result id, or the name of its file")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--object", type=int, metavar="N", help="number of the object in its frame, from 0"
    )
    what.add_argument("--label", metavar="L", help="id of a label (classification)")
    parser.add_argument(
        "--frame",
        type=int,
        metavar="F",
        help="from 0 (default: 0, or the frame that shows the label best)",
    )
    parser.add_argument(
        "--method", choices=("lime", "grad-cam"), default="lime", help="default: lime"
    )
    parser.add_argument(
        "--wait", action="store_true", help="end when it is there (exit code 1 if it failed)"
    )
    common.add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.root import running
    from dropsight.cli.serving import manifests_and_routes
    from dropsight.cli.store import explaining, open_store, result_of

    settings = common.existing_root(options)
    served = running(settings)
    nobody = f"nobody serves {settings.root.resolve()} now"
    if options.wait and served is None:
        raise CommandFailed(f"{nobody}, so nothing would happen to wait for; start `dropsight up`")
    models, _ = manifests_and_routes(settings)
    store = open_store(settings)
    store.subscribe()
    request = explaining(store, settings, models)
    found = result_of(store, options.id)
    identity = found.result_id if found else options.id
    revision = store.results.revision()
    try:
        entry = request(
            identity,
            options.method,
            label=options.label,
            object_index=options.object,
            frame=options.frame,
        )
    except KeyError as error:
        raise NotFound(
            f"result {options.id}: there is none in {settings.root}; "
            "`dropsight results` lists what is there"
        ) from error
    if entry.status == "pending" and options.wait:
        entry = _wait(store.results, revision, identity, entry)
    elif entry.status == "pending" and served is None:
        print(f"dropsight: {nobody}; it is made when `dropsight up` starts there", file=sys.stderr)
    result = store.results.get(identity)
    if result is not None:
        print(_as_json(entry) if options.json else line(result, entry))
    return Exit.FAILED if entry.status == "failed" else Exit.OK


def _wait(results: Any, revision: int, identity: str, entry: Explanation) -> Explanation:
    from dropsight.cli.watching import follow

    for changed in follow(results, revision):
        for result in changed:
            if result.result_id != identity:
                continue
            for one in result.explanations:
                if one.identity == entry.identity and one.status != "pending":
                    return one
    return entry


def _as_json(entry: Explanation) -> str:
    from dropsight.domain.wire import to_plain

    return json.dumps(to_plain(entry), indent=2, ensure_ascii=False)


def line(result: Result, explanation: Explanation) -> str:
    """`lime of white, object 3 of frame 0: done, <object of the overlay>`."""
    about = f"{explanation.method} of {explanation.label}"
    if explanation.object_index is not None:
        about += f", object {explanation.object_index} of frame {explanation.frame}"
    elif result.frames > 1:
        about += f", frame {explanation.frame}"
    overlay = result.artifact(explanation.overlay) if explanation.overlay else None
    where = f", {overlay.object}" if overlay else ""
    why = f", {explanation.error.message}" if explanation.error else ""
    return f"{about}: {explanation.status}{where}{why}"
