"""`dropsight up`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import signal
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from dropsight.cli import options as common
from dropsight.cli.errors import CommandFailed, Exit, NotFound
from dropsight.domain.manifests import load_manifests
from dropsight.settings import Settings

TURN_S = 0.1
SLOW_START_S = 90.0

EXAMPLES = """\
  dropsight up                               files dropped in ./bucket/<model>/ are seen
  dropsight up --route cxr=cxr-pneumonia     ./bucket/cxr/ goes to that model, too
  dropsight up --root /tmp/try --no-open     somewhere else, without a browser
"""


def add(subparsers: Any) -> None:
    parser = common.add_command(
        subparsers, "up", "run the whole system on this machine until Ctrl-C", EXAMPLES
    )
    add_options(parser)
    parser.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    common.add_models(parser)
    parser.add_argument(
        "--port",
        type=int,
        default=8080,
        help="port of the result page; a free one is taken where it is in use (default: 8080)",
    )
    parser.add_argument(
        "--open",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="open the result page in the browser (default: if there is a terminal and a display)",
    )
    parser.add_argument(
        "--route",
        action="append",
        default=[],
        metavar="FOLDER=MODEL",
        help="files in this folder of the bucket are for this model; may be repeated "
        "(default: $DROPSIGHT_ROUTES; the name of a model is always a route)",
    )
    parser.add_argument(
        "--functions",
        type=Path,
        metavar="DIR",
        help="folder of the cloud functions (default: functions/ of the repository)",
    )


@dataclass(frozen=True)
class Laptop:
    """What is to be served, checked."""

    settings: Settings
    functions: Path


def prepare(options: argparse.Namespace) -> Laptop:
    """Raises CommandFailed."""
    from dropsight.adapters.secrets import webhook_secrets
    from dropsight.cli.parts import find_functions, find_models

    settings = common.settings_of(options)
    if settings.webhooks.urls:
        webhook_secrets(settings)  # refused here, and not with the first webhook
    routes = {**settings.routes, **dict(_route(text) for text in options.route)}
    models = find_models(settings.models)
    known = load_manifests(models)
    for folder, model in routes.items():
        if model not in known:
            raise NotFound(
                f"route {folder}: model {model!r} is not in {models}; there are "
                f"{', '.join(sorted(known))}"
            )
    settings = dataclasses.replace(
        settings, backend="embedded", root=settings.root.resolve(), models=models, routes=routes
    )
    return Laptop(settings, find_functions(options.functions))


@contextmanager
def locked(laptop: Laptop, port: int) -> Iterator[str]:
    """The address of the result page, on this port or a free one; nobody else serves the root."""
    from dropsight.cli.parts import LOOPBACK, page_port
    from dropsight.cli.root import RootInUse, RootLock

    try:
        with RootLock(laptop.settings) as lock:
            free = page_port(port)
            if port not in (0, free):
                say(f"port {port} is in use: the result page is on port {free}")
            url = f"http://{LOOPBACK}:{free}/"
            lock.publish(laptop.settings, url)
            yield url
    except RootInUse as error:
        raise CommandFailed(str(error)) from error


def run(options: argparse.Namespace) -> int:
    laptop = prepare(options)
    with locked(laptop, options.port) as url:
        return serve(laptop, url, browser=wants_browser(options.open))


def serve(
    laptop: Laptop,
    url: str,
    browser: bool,
    until: Callable[[], bool] | None = None,
    limit_s: float = math.inf,
) -> int:
    """Run all parts until Ctrl-C, or until `until` says so, or `limit_s` seconds have passed."""
    from dropsight.cli.news import News
    from dropsight.cli.parts import laptop_parts
    from dropsight.cli.root import logs_folder
    from dropsight.cli.store import open_store
    from dropsight.cli.supervisor import Supervisor

    settings = laptop.settings
    store = open_store(settings)
    store.subscribe()
    for subscriber, lost in store.subscribe_webhooks(settings.webhooks.urls).items():
        say(f"webhooks to {subscriber} are over: {lost} that were still to be sent are dropped")
    logs = logs_folder(settings)
    news = News(store.results, logs, tell=lambda line: print(line, flush=True), complain=say)
    parts = laptop_parts(settings, laptop.functions, url)
    supervisor = Supervisor(parts, logs, say)
    signal.signal(signal.SIGTERM, _interrupt)
    # A shell that starts us in the background has SIGINT ignored, and Python then leaves it so.
    signal.signal(signal.SIGINT, _interrupt)
    started, greeted, warned = time.monotonic(), False, False
    try:
        supervisor.start()
        while (age := time.monotonic() - started) < limit_s:
            supervisor.check()
            news.tell()
            if supervisor.ready and not greeted:
                greeted = True
                _greet(settings, url, age, browser)
            if not greeted and not warned and age > SLOW_START_S:
                warned = True
                say(f"not ready after {SLOW_START_S:.0f} s; look into {logs}")
            if until is not None and supervisor.broken:
                say(f"{supervisor.broken} does not come up: giving up")
                break
            if greeted and until is not None and until():
                break
            time.sleep(TURN_S)
    except KeyboardInterrupt:
        say("ending: finishing what is in hand (once more to end at once; nothing is lost)")
    finally:
        supervisor.end()
    return Exit.OK


def _greet(settings: Settings, url: str, seconds: float, browser: bool) -> None:
    from dropsight.cli.root import landing_folder

    print(
        f"dropsight is up after {seconds:.1f} s\n"
        f"  drop files   {landing_folder(settings)}/<route>/\n"
        f"  see results  {url}\n"
        f"  ask directly {url}v1/docs\n"
        f"{_subscribers(settings)}"
        f"  end          Ctrl-C\n",
        flush=True,
    )
    if browser and not webbrowser.open(url):
        say(f"no browser to be opened here; the result page is {url}")


def _subscribers(settings: Settings) -> str:
    names = ", ".join(settings.webhooks.urls)
    return f"  webhooks to  {names}\n" if names else ""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def wants_browser(asked: bool | None) -> bool:
    """Without a display `webbrowser` would start a text browser on top of our lines."""
    if asked is not None:
        return asked
    display = sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return sys.stdout.isatty() and display


def _route(text: str) -> tuple[str, str]:
    folder, equals, model = text.partition("=")
    if not (folder and equals and model) or "/" in folder:
        raise CommandFailed(
            f"--route: found {text!r}, expected FOLDER=MODEL such as cxr=cxr-pneumonia"
        )
    return folder, model


def say(sentence: str) -> None:
    print(f"dropsight: {sentence}", file=sys.stderr, flush=True)
