"""`dropsight watch`: lines as files go through, until Ctrl-C."""

from __future__ import annotations

import argparse
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit

EXAMPLES = """\
  dropsight watch
  dropsight watch --json | jq .status
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "watch", "print a line for each step of each file until Ctrl-C", EXAMPLES
    )
    parser.add_argument(
        "--json", action="store_true", help="print each changed document as one line of JSON"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from dropsight.cli.lines import Storyteller
    from dropsight.cli.store import open_store
    from dropsight.cli.watching import follow
    from dropsight.domain.wire import encode

    results = open_store(common.existing_root(options)).results
    story = Storyteller()
    revision = results.revision()
    try:
        for changed in follow(results, revision):
            if options.json:
                for result in changed:
                    print(encode(result).decode(), flush=True)
            else:
                for line in story.lines(changed):
                    print(line, flush=True)
    except KeyboardInterrupt:
        return Exit.OK
    return Exit.OK
