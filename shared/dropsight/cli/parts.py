"""What the laptop consists of: the functions, the container, the result page, the dispatcher."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from dropsight.cli.dispatcher.routes import WEBHOOKS_AT_ONCE
from dropsight.cli.errors import NotFound
from dropsight.cli.supervisor import Part
from dropsight.settings import Settings

LOOPBACK = "127.0.0.1"
FUNCTIONS = ("ingest", "dead_letter", "notify")


def checkout() -> Path:
    """The root of the repository that this package was installed from with `pip install -e`."""
    return Path(__file__).resolve().parents[3]


def find_functions(folder: Path | None) -> Path:
    """The folder that holds `ingest/main.py` and the other FUNCTIONS. Raises NotFound.

    They are deployed from the repository and are not part of the wheel.
    """
    found = folder or checkout() / "functions"
    missing = [name for name in FUNCTIONS if not (found / name / "main.py").is_file()]
    if missing:
        raise NotFound(
            f"{found}: found no {' and no '.join(f'{name}/main.py' for name in missing)}; the "
            "functions are in the repository's folder functions/, name it with --functions DIR"
        )
    return found.resolve()


def find_models(folder: Path) -> Path:
    """The folder of bundles: as given, or else the checkout's own. Raises NotFound."""
    for candidate in (folder, checkout() / folder):
        if any(candidate.glob("*/model.yaml")):
            return candidate.resolve()
    raise NotFound(
        f"{folder}: found no <name>/model.yaml; name a folder of model bundles with --models DIR"
    )


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on now."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def page_port(asked: int) -> int:
    """`asked`, or a free port where somebody listens there already (or 0 was asked for)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOOPBACK, asked))
        except OSError:
            return free_ports(1)[0]
        return int(one.getsockname()[1])


def child_environment(settings: Settings) -> dict[str, str]:
    """What every part is told of the settings that the command line has changed."""
    return {
        "DROPSIGHT_BACKEND": "embedded",
        "DROPSIGHT_ROOT": str(settings.root.resolve()),
        "DROPSIGHT_MODELS": str(settings.models),
        "DROPSIGHT_ROUTES": json.dumps(dict(settings.routes)),
        # Shorter than in the cloud: a killed part is back in seconds, and its files wait for this.
        # A lease that runs out under a slow worker costs a second computation, nothing more.
        "DROPSIGHT_LEASE_S": os.environ.get("DROPSIGHT_LEASE_S", "20"),
    }


def laptop_parts(settings: Settings, functions: Path, page: str) -> list[Part]:
    """All parts, in the order of starting; the dispatcher is the last one. The function that sends
    webhooks is among them where there is somebody to send them to."""
    environment = child_environment(settings)
    inference, ingest, dead_letter, notify = free_ports(4)
    base = f"http://{LOOPBACK}"
    subscribers = len(settings.webhooks.urls)
    webhooks = [_notify(functions, notify, environment, settings)] if subscribers else []
    return [
        Part(
            name="inference",
            module="dropsight_inference",
            environment={**environment, "HOST": LOOPBACK, "PORT": str(inference)},
            ready_url=f"{base}:{inference}/readyz",
        ),
        _function("ingest", functions, ingest, environment, settings),
        _function("dead_letter", functions, dead_letter, environment, settings),
        *webhooks,
        Part(
            name="page",
            module="dropsight.cli.page",
            arguments=["--url", page, "--inference", f"{base}:{inference}"],
            environment=environment,
            ready_url=page,
            drain_s=3.0,
        ),
        Part(
            name="dispatcher",
            module="dropsight.cli.dispatcher",
            arguments=[
                *("--ingest", f"{base}:{ingest}/"),
                *("--dead-letter", f"{base}:{dead_letter}/"),
                *("--inference", f"{base}:{inference}"),
                *(["--notify", f"{base}:{notify}/"] if webhooks else []),
            ],
            environment=environment,
        ),
    ]


def _notify(functions: Path, port: int, environment: Mapping[str, str], settings: Settings) -> Part:
    """With a thread for each post that may be under way: a slow subscriber takes its own alone."""
    threads = 1 + WEBHOOKS_AT_ONCE * len(settings.webhooks.urls)
    return _function("notify", functions, port, environment, settings, "http", threads)


def _function(
    name: str,
    functions: Path,
    port: int,
    environment: Mapping[str, str],
    settings: Settings,
    signature: str = "cloudevent",
    threads: int = 2 * (os.cpu_count() or 1),
) -> Part:
    # gunicorn makes a control socket called gunicorn.ctl in $XDG_RUNTIME_DIR, or in the home
    # folder: two functions would take it from each other.
    runtime = settings.state / "run" / name
    runtime.mkdir(parents=True, exist_ok=True)
    return Part(
        name=name.replace("_", "-"),
        module="functions_framework",
        arguments=[
            *("--target", name),
            *("--source", str(functions / name / "main.py")),
            *("--signature-type", signature),
            *("--host", LOOPBACK),
            *("--port", str(port)),
        ],
        environment={
            **environment,
            "THREADS": os.environ.get("THREADS", str(threads)),
            "XDG_RUNTIME_DIR": str(runtime.resolve()),
        },
        # It has no health check: it answers 400 or 405 to what is not an event once it is up.
        ready_url=f"http://{LOOPBACK}:{port}/",
    )
