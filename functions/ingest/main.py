"""Cloud Function `ingest`: a storage event in, a queued result and a prediction request out."""

from __future__ import annotations

import functools
import os
import secrets

import functions_framework
from cloudevents.http import CloudEvent

from dropsight.adapters.backend import open_backend
from dropsight.adapters.cloud_functions import delivered_again
from dropsight.adapters.secrets import pseudonym_key
from dropsight.domain.events import object_finalized
from dropsight.domain.manifests import load_manifests
from dropsight.imaging.policy import ImagingPolicy
from dropsight.logs import configure_logging
from dropsight.pipeline.announce import announcer
from dropsight.pipeline.ingest import Ingest
from dropsight.settings import Settings


@functools.cache
def wired() -> Ingest:
    """The step with its clients, built on the first event and kept while the instance lives."""
    configure_logging()
    settings = Settings.from_environment()
    backend = open_backend(settings)
    return Ingest(
        objects=backend.objects,
        results=backend.results,
        publisher=backend.publisher,
        models=load_manifests(settings.models, settings.serve),
        settings=settings,
        policy=ImagingPolicy(pseudonym_key(settings), settings.budgets, settings.burned_in),
        process=f"ingest-{os.getpid()}-{secrets.token_hex(4)}",
        announce=announcer(backend.publisher, settings),
    )


@functions_framework.cloud_event
def ingest(event: CloudEvent) -> None:
    with delivered_again():
        wired()(object_finalized(event.data))
