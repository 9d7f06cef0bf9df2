"""The dispatcher as a process of its own. Started by `dropsight up`."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from types import FrameType

from dropsight.cli.dispatcher.landing import LandingFolder
from dropsight.cli.dispatcher.pump import Pump, watch_landing
from dropsight.cli.dispatcher.routes import routes, webhook_routes
from dropsight.cli.root import landing_folder
from dropsight.cli.store import open_store
from dropsight.logs import configure_logging
from dropsight.settings import Settings


def main() -> None:
    arguments = _arguments()
    configure_logging()
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    settings = Settings.from_environment()
    store = open_store(settings)
    bucket = settings.landing_bucket
    receivers = routes(
        arguments.ingest, arguments.dead_letter, arguments.inference, os.cpu_count() or 1
    )
    if arguments.notify:
        receivers += webhook_routes(arguments.notify, settings.webhooks.urls)
    pump = Pump(store.queue, receivers, stop)
    folder = LandingFolder(landing_folder(settings), store.queue.announced(bucket))

    def watch() -> None:
        try:
            watch_landing(folder, bucket, store.objects, store.queue, pump, stop)
        finally:
            stop.set()  # one half alone is no dispatcher: end, and be started again

    watcher = threading.Thread(target=watch, name="landing")
    watcher.start()
    try:
        pump.run()
    finally:
        stop.set()
        watcher.join()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dropsight.cli.dispatcher", description=__doc__)
    for name, what in (
        ("ingest", "the ingest function"),
        ("dead-letter", "the function that records dead letters"),
        ("inference", "the inference container"),
    ):
        parser.add_argument(f"--{name}", required=True, metavar="URL", help=f"address of {what}")
    parser.add_argument(
        "--notify", metavar="URL", help="address of the function that tells subscribers, if any"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
