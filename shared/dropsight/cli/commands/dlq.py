"""`dropsight dlq`: messages whose every delivery failed; look at them, try them again."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import CommandFailed, Exit, NotFound
from dropsight.domain.events import DeadLetter

EXAMPLES = """\
  dropsight dlq list
  dropsight dlq show 42
  dropsight dlq replay 42
  dropsight dlq replay --all

In the cloud, where DROPSIGHT_BACKEND=gcp and DROPSIGHT_PROJECT name it.
"""
EVERY = 1_000_000
"""Dead letters that one command replays."""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "dlq", "dead letters: list, show and replay them", EXAMPLES, root=False
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    listing = common.add_command(
        actions, "list", "list the dead letters, newest first", "  dropsight dlq list --json\n"
    )
    listing.add_argument("--limit", type=int, default=100, help="how many (default: 100)")
    common.add_json(listing)
    listing.set_defaults(run=run_list)

    show = common.add_command(actions, "show", "show one dead letter", "  dropsight dlq show 42\n")
    show.add_argument("id", metavar="ID", help="a message id, as the list shows it")
    common.add_json(show)
    show.set_defaults(run=run_show)

    replay = common.add_command(
        actions,
        "replay",
        "send dead letters to the topic that they came from once more",
        "  dropsight dlq replay 42\n  dropsight dlq replay --all\n",
    )
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID", help="a message id, as the list shows it")
    which.add_argument("--all", action="store_true", help="all of them")
    common.add_json(replay)
    replay.set_defaults(run=run_replay)


def run_list(options: argparse.Namespace) -> int:
    from dropsight.cli.backends import opened
    from dropsight.domain.wire import to_plain

    letters = opened(options)[1].dead_letters.list(options.limit)
    if options.json:
        print(json.dumps([to_plain(one) for one in letters], indent=2, ensure_ascii=False))
        return Exit.OK
    for letter in letters:
        print(
            f"{letter.message_id}  {_moment(letter.failed_at)}  {letter.topic}  "
            f"{letter.attempts} attempts  {letter.reason}"
        )
    return Exit.OK


def run_show(options: argparse.Namespace) -> int:
    from dropsight.cli.backends import opened
    from dropsight.domain.wire import to_plain

    letter = opened(options)[1].dead_letters.get(options.id)
    if letter is None:
        raise _no_such(options.id)
    if options.json:
        print(json.dumps(to_plain(letter), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_describe(letter)))
    return Exit.OK


def run_replay(options: argparse.Namespace) -> int:
    from dropsight.cli.backends import opened
    from dropsight.pipeline.replay import Replay

    _, backend = opened(options)
    replay = Replay(backend.dead_letters, backend.results, backend.publisher)
    letters = backend.dead_letters.list(EVERY) if options.all else []
    wanted = [one.message_id for one in letters] if options.all else [options.id]
    done: list[DeadLetter] = []
    for identity in wanted:
        try:
            done.append(replay(identity))
        except KeyError:
            if not options.all:  # with --all: somebody else replayed it meanwhile
                raise _no_such(identity) from None
    if options.json:
        print(json.dumps([{"messageId": one.message_id, "topic": one.topic} for one in done]))
    else:
        for one in done:
            print(f"{one.message_id}  replayed to {one.topic}")
    if not wanted:
        raise CommandFailed("there are no dead letters")
    return Exit.OK


def _no_such(identity: str) -> NotFound:
    return NotFound(f"dead letter {identity}: there is none; `dropsight dlq list` shows them")


def _describe(letter: DeadLetter) -> list[str]:
    return [
        f"message   {letter.message_id}",
        f"topic     {letter.topic}",
        f"failed    {_moment(letter.failed_at)}, after {letter.attempts} attempts",
        f"reason    {letter.reason}",
        f"result    {letter.result_id or 'none'}",
        f"data      {letter.data}",
    ]


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
