"""Cloud Function `notify`: a change of a result in, a signed webhook to one subscriber out."""

from __future__ import annotations

import functools

import flask
import functions_framework

from dropsight.adapters.backend import open_backend
from dropsight.adapters.cloud_functions import delivered_again
from dropsight.adapters.webhooks.wiring import open_sender
from dropsight.logs import configure_logging
from dropsight.pipeline.notify import Notify
from dropsight.settings import Settings


@functools.cache
def wired() -> Notify:
    """The step with its clients, built on the first push and kept while the instance lives."""
    configure_logging()
    settings = Settings.from_environment()
    backend = open_backend(settings)
    return Notify(
        results=backend.results,
        dead_letters=backend.dead_letters,
        notifier=open_sender(settings),
        subscribers=settings.webhooks.urls,
        events=settings.webhooks.events,
        api_address=settings.api_address.rstrip("/"),
    )


@functions_framework.http
def notify(request: flask.Request) -> tuple[str, int]:
    """A push as it is: as a CloudEvent it would not say which subscription it comes from."""
    if request.method != "POST":
        return "legal is POST, with a push envelope\n", 405
    with delivered_again():
        wired()(request.get_data())
    return "", 204
