"""The result page as a process of its own. Started by `dropsight up`."""

from __future__ import annotations

import argparse
from urllib.parse import urlsplit

import uvicorn

from dropsight.cli.page.app import build_app
from dropsight.cli.serving import manifests_and_routes
from dropsight.cli.store import open_store
from dropsight.logs import configure_logging
from dropsight.settings import Settings

GRACE_S = 1
"""Event streams never end by themselves: at the end they are cut after this many seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="dropsight.cli.page", description=__doc__)
    parser.add_argument("--url", required=True, help="address to listen on, http://127.0.0.1:PORT/")
    address = urlsplit(parser.parse_args().url)
    configure_logging()
    settings = Settings.from_environment()
    models, routes = manifests_and_routes(settings)
    app = build_app(open_store(settings), settings, models, routes, port=address.port or 80)
    uvicorn.run(
        app,
        host=str(address.hostname),
        port=address.port or 80,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_S,
    )


if __name__ == "__main__":
    main()
