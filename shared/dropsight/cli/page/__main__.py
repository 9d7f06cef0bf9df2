"""The result page as a process of its own. Started by `dropsight up`."""

from __future__ import annotations

import argparse
from urllib.parse import urlsplit

import uvicorn

from dropsight.cli.page.app import build_app
from dropsight.cli.serving import manifests_and_routes
from dropsight.cli.store import deletion, open_store
from dropsight.logs import configure_logging
from dropsight.settings import Settings

GRACE_S = 1
"""Event streams never end by themselves: at the end they are cut after this many seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="dropsight.cli.page", description=__doc__)
    parser.add_argument("--url", required=True, help="address to listen on, http://127.0.0.1:PORT/")
    parser.add_argument("--inference", required=True, help="address of the inference container")
    options = parser.parse_args()
    address = urlsplit(options.url)
    configure_logging()
    settings = Settings.from_environment()
    models, routes = manifests_and_routes(settings)
    store = open_store(settings)
    deletion(store, settings).finish()  # what a process that was killed has begun
    port = address.port or 80
    app = build_app(store, settings, models, routes, port, options.inference)
    uvicorn.run(
        app,
        host=str(address.hostname),
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
    )


if __name__ == "__main__":
    main()
