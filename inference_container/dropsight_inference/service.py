"""Everything that one process serves with, built once and passed to the endpoints."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Mapping

import anyio

from dropsight.adapters.backend import Backend
from dropsight.adapters.secrets import pseudonym_key
from dropsight.imaging.policy import ImagingPolicy
from dropsight.pipeline.announce import announcer
from dropsight.pipeline.explain import Explain
from dropsight.pipeline.predict import Predict
from dropsight.settings import Settings
from dropsight_inference.admission import Admission
from dropsight_inference.bundle import Model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics

log = logging.getLogger(__name__)

EXPLANATIONS_AT_ONCE = 2
"""Explanations worked on at the same time; more wait in the container. Two: while one has the
device, the other cuts superpixels or draws. A worker's lease must not run out in a queue."""

WARMING_UP = "the models are being warmed up"


class Service:
    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        models: Mapping[str, Model],
        left_out: Mapping[str, str],
    ) -> None:
        self.settings = settings
        self.left_out = left_out
        self.backend = backend
        self.policy = ImagingPolicy(
            pseudonym_key=pseudonym_key(settings),
            budgets=settings.budgets,
            burned_in=settings.burned_in,
        )
        self.metrics = Metrics()
        self.engine = Engine(models, settings.batch_size, settings.batch_wait_ms, self.metrics)
        self.manifests = {name: model.manifest for name, model in models.items()}
        limit = settings.max_in_flight
        self.predictions = Admission(limit, self.metrics.in_flight.labels("predict"))
        self.explanations = Admission(limit, self.metrics.in_flight.labels("explain"))
        self.prediction_threads = anyio.CapacityLimiter(limit)
        self.explanation_threads = anyio.CapacityLimiter(EXPLANATIONS_AT_ONCE)
        process = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        announce = announcer(backend.publisher, settings)
        self.predict = Predict(
            objects=backend.objects,
            results=backend.results,
            publisher=backend.publisher,
            engine=self.engine,
            models=self.manifests,
            process=process,
            lease_s=settings.lease_s,
            left_out=left_out,
            announce=announce,
        )
        self.explain = Explain(
            objects=backend.objects,
            results=backend.results,
            engine=self.engine,
            models=self.manifests,
            results_bucket=settings.results_bucket,
            process=process,
            lease_s=settings.lease_s,
            left_out=left_out,
            announce=announce,
        )
        self.not_ready = WARMING_UP
        """Why `/readyz` answers 503; empty once every model has answered."""
        self.warm_up = threading.Thread(target=self._warm, name="warm-up", daemon=True)

    def start(self) -> None:
        """Warm the models up on a thread of their own; `/livez` answers meanwhile."""
        self.warm_up.start()

    def drain(self) -> None:
        """Take no new requests; what is inside goes on. Safe in a signal handler."""
        self.predictions.close()
        self.explanations.close()
        self.not_ready = "shutting down"

    def close(self) -> None:
        """After the last answer: let the device finish, give the models back."""
        self.drain()
        self.engine.close()

    def _warm(self) -> None:
        try:
            self.engine.warm_up()
        except Exception as error:
            # This process will never be ready, which is what the platform looks at.
            log.exception("warm-up failed")
            self.not_ready = f"warm-up failed: {error}"
            return
        if self.not_ready == WARMING_UP:
            self.not_ready = ""
        log.info("ready", extra={"models": sorted(self.manifests)})
