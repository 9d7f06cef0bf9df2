"""Cloud Function `dead_letter`: a message whose every delivery failed is kept and made visible."""

from __future__ import annotations

import functools

import functions_framework
from cloudevents.http import CloudEvent

from dropsight.adapters.backend import open_backend
from dropsight.adapters.cloud_functions import delivered_again
from dropsight.domain.manifests import load_manifests
from dropsight.logs import configure_logging
from dropsight.pipeline.announce import announcer
from dropsight.pipeline.dead_letter import RecordDeadLetter, letter_from_push
from dropsight.settings import Settings


@functools.cache
def wired() -> RecordDeadLetter:
    """The step with its clients, built on the first event and kept while the instance lives."""
    configure_logging()
    settings = Settings.from_environment()
    backend = open_backend(settings)
    return RecordDeadLetter(
        dead_letters=backend.dead_letters,
        results=backend.results,
        models=load_manifests(settings.models, settings.serve),
        settings=settings,
        announce=announcer(backend.publisher, settings),
    )


@functions_framework.cloud_event
def dead_letter(event: CloudEvent) -> None:
    with delivered_again():
        wired()(letter_from_push(event.data))
