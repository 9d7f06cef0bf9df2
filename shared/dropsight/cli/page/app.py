"""Routes of the result page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dropsight.cli.page import artifacts, events, models, overlay, results, upload
from dropsight.cli.page.guard import Guard
from dropsight.cli.store import Store
from dropsight.domain.manifests import Manifest
from dropsight.settings import Settings

STATIC = Path(__file__).parent / "static"


def build_app(
    store: Store,
    settings: Settings,
    manifests: Mapping[str, Manifest],
    routes: Mapping[str, str],
    port: int,
) -> Starlette:
    """`port`: where it will be reached, for the check of Host and Origin."""
    app = Starlette(
        routes=[
            Route("/api/results", results.listing),
            Route("/api/results/{result_id}", results.one),
            Route("/results/{result_id}/overlay.png", overlay.picture),
            Route("/api/events", events.stream),
            Route("/api/models", models.listing),
            Route("/api/upload", upload.receive, methods=["POST"]),
            Route("/models/{name}/card", models.card),
            Route("/artifacts/{bucket}/{name:path}", artifacts.serve),
            Mount("/", StaticFiles(directory=STATIC, html=True)),
        ],
        middleware=[Middleware(Guard, port=port)],
    )
    app.state.store = store
    app.state.settings = settings
    app.state.manifests = manifests
    app.state.routes = routes
    return app
