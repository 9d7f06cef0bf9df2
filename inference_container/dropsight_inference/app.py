"""The HTTP application: routes, and what happens at start and end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from dropsight.adapters.backend import Backend
from dropsight.settings import Settings
from dropsight_inference.answers import Endpoint, answering, not_served
from dropsight_inference.bundle import Model
from dropsight_inference.callers import Callers, guarded
from dropsight_inference.direct import DirectEndpoint
from dropsight_inference.pubsub import PushEndpoints
from dropsight_inference.service import Service
from dropsight_inference.status import StatusEndpoints


def create_app(
    settings: Settings,
    backend: Backend,
    models: Mapping[str, Model],
    left_out: Mapping[str, str] | None = None,
    callers: Callers | None = None,
) -> Starlette:
    """An ASGI application that serves `models`, by name. `app.state.service` is what it runs on.

    left_out: bundles that are not served, by name, and why; requests for them are told.
    callers: who may have work done; None: everybody who reaches the port.
    The models are warmed up when the application starts and closed when it ends.
    """
    service = Service(settings, backend, models, left_out or {})
    push, direct, status = PushEndpoints(service), DirectEndpoint(service), StatusEndpoints(service)

    pushed, asked = (callers.admit_push, callers.admit_direct) if callers else (None, None)

    def route(path: str, endpoint: Endpoint, method: str) -> Route:
        return Route(path, answering(endpoint, path, service.metrics), methods=[method])

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        service.start()
        yield
        await anyio.to_thread.run_sync(service.close)

    app = Starlette(
        routes=[
            route("/pubsub/predict", guarded(push.predict, pushed), "POST"),
            route("/pubsub/explain", guarded(push.explain, pushed), "POST"),
            route("/v1/models/{model}:predict", guarded(direct.predict, asked), "POST"),
            route("/v1/models", status.models, "GET"),
            route("/v1/models/{model}", status.model, "GET"),
            route("/livez", status.livez, "GET"),
            route("/readyz", status.readyz, "GET"),
            route("/metrics", status.metrics, "GET"),
        ],
        exception_handlers={HTTPException: not_served},
        lifespan=lifespan,
    )
    app.state.service = service
    return app
