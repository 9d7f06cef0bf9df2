"""`dropsight webhook`: for those who write a receiver."""

from __future__ import annotations

import argparse
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import Exit

EXAMPLES = """\
  dropsight webhook listen --port 9000
  DROPSIGHT_WEBHOOK_URLS=http://127.0.0.1:9000/ dropsight up
  dropsight webhook secret
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "webhook", "see the webhooks that a receiver would get", EXAMPLES, root=False
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    listen = common.add_command(
        actions,
        "listen",
        "receive webhooks on this machine, verify them and print them, until Ctrl-C",
        "  dropsight webhook listen --port 9000\n"
        "  dropsight webhook listen --answer 503    see how they come again\n",
    )
    listen.add_argument("--port", type=int, default=9000, help="default: 9000; 0: a free one")
    listen.add_argument(
        "--answer",
        type=int,
        default=204,
        metavar="STATUS",
        help="HTTP status of the answer to what verifies (default: 204)",
    )
    common.add_json(listen)
    listen.set_defaults(run=run_listen)

    secret = common.add_command(
        actions,
        "secret",
        "print the secret that webhooks are signed with",
        "  dropsight webhook secret\n  dropsight webhook secret --new    for another place\n",
    )
    secret.add_argument("--new", action="store_true", help="print a fresh one, which nobody keeps")
    secret.set_defaults(run=run_secret)


def run_listen(options: argparse.Namespace) -> int:
    from dropsight.adapters.secrets import webhook_secrets
    from dropsight.cli.receiving import receive

    settings = common.settings_of(options)
    receive(webhook_secrets(settings), options.port, options.answer, as_json=options.json)
    return Exit.OK


def run_secret(options: argparse.Namespace) -> int:
    from dropsight.adapters.secrets import laptop_webhook_secret, new_webhook_secret

    settings = common.settings_of(options)
    if options.new:
        print(new_webhook_secret())
    else:
        print(settings.webhooks.secret or laptop_webhook_secret(settings))
    return Exit.OK
