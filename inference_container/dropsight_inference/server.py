"""Wires settings, backend and bundles to a server, and ends it without losing a request."""

from __future__ import annotations

import logging
import os
import sys
from types import FrameType

import uvicorn

from dropsight.adapters.backend import open_backend
from dropsight.domain.errors import DropsightError
from dropsight.logs import configure_logging
from dropsight.settings import Settings
from dropsight_inference.app import create_app
from dropsight_inference.bundle import check_device, load_models, models_left_out
from dropsight_inference.callers import callers_of
from dropsight_inference.service import Service

log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """On SIGTERM or SIGINT refuses new requests at once, then answers those it has, then ends."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._service.drain()
        super().handle_exit(sig, frame)


def serve() -> None:
    """Runs until a signal ends it. Exits with 1 where a bundle cannot be served, or where anybody
    could have work done on Cloud Run."""
    configure_logging()
    settings = Settings.from_environment()
    try:
        callers = callers_of(settings, os.environ)
        left_out = models_left_out(settings.models, settings.serve)
        for name, reason in sorted(left_out.items()):
            log.warning("model %s is left out: %s", name, reason)
        models = load_models(settings.models, settings.threads, settings.model_cache, left_out)
        check_device(models, settings.device)
    except (DropsightError, ValueError) as error:
        log.error("cannot start: %s", error)  # noqa: TRY400 (a sentence for the operator)
        sys.exit(1)
    app = create_app(settings, open_backend(settings), models, left_out, callers)
    config = uvicorn.Config(
        app,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8080")),
        log_config=None,  # through our formatter
        log_level="warning",
        access_log=False,  # the pipeline says one line for each step, in place of one per request
    )
    DrainingServer(config, app.state.service).run()
