"""Routes of the result page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dropsight.api.handlers import Handlers
from dropsight.api.results_api import ResultsApi
from dropsight.cli.page import artifacts, events, models, overlay, rest, results, upload
from dropsight.cli.page.guard import Guard
from dropsight.cli.page.predicting import Container
from dropsight.cli.store import Store, deletion, explaining
from dropsight.domain.callers import MACHINES_USER
from dropsight.domain.manifests import Manifest
from dropsight.pipeline.feedback import GiveFeedback
from dropsight.pipeline.results import ReadResults
from dropsight.settings import Settings

EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
STATIC = Path(__file__).parent / "static"
"""The built client; its source is in `web/`."""


class ClientFiles(StaticFiles):
    """Names below assets/ change with their content, so browsers keep those for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if path.startswith("assets/") and response.status_code == 200:
            response.headers["cache-control"] = artifacts.FOREVER
        return response


def config(_request: Request) -> JSONResponse:
    """Tells the page that its results are here. In the cloud a file of this name says where."""
    return JSONResponse({"source": "laptop"})


def build_app(
    store: Store,
    settings: Settings,
    manifests: Mapping[str, Manifest],
    routes: Mapping[str, str],
    port: int,
    inference: str,
) -> Starlette:
    """`port`: where it will be reached, for the check of Host and Origin.

    `inference`: address of the container that `/v1/models` is passed on to, such as
    `http://127.0.0.1:9000`.
    """
    container = Container(inference, settings)
    app = Starlette(
        routes=[
            Route("/config.json", config),
            Route("/api/results", results.listing),
            Route("/api/results/{result_id}", results.one),
            Route("/results/{result_id}/overlay.png", overlay.picture),
            Route("/api/events", events.stream),
            Route("/api/models", models.listing),
            Route("/api/upload", upload.receive, methods=["POST"]),
            Route("/models/{name}/card", models.card),
            # Every method: what is not legal is refused in the API's own words.
            Route("/v1/models{rest:path}", container.answer, methods=EVERY_METHOD),
            Route("/v1{rest:path}", rest.answer, methods=EVERY_METHOD),
            Route("/artifacts/{bucket}/{name:path}", artifacts.serve),
            Mount("/", ClientFiles(directory=STATIC, html=True)),
        ],
        middleware=[Middleware(Guard, port=port)],
    )
    app.state.store = store
    app.state.api = ResultsApi(
        Handlers(
            read=ReadResults(store.results, store.objects),
            delete=deletion(store, settings),
            feedback=GiveFeedback(store.feedback, store.results),
            explain=lambda: explaining(store, settings, manifests),
        ),
        admit=lambda _: MACHINES_USER,  # the Guard has looked at every request before
    )
    app.state.settings = settings
    app.state.manifests = manifests
    app.state.routes = routes
    return app
