"""Cloud Function `api`: results over HTTP, to list, read, export and delete them."""

from __future__ import annotations

import functools
import os

import flask
import functions_framework

from dropsight.adapters.backend import open_backend
from dropsight.api.admission import admission_for
from dropsight.api.failures import refusal
from dropsight.api.messages import Request
from dropsight.api.results_api import STAGE, ResultsApi
from dropsight.domain.errors import DropsightError
from dropsight.logs import configure_logging
from dropsight.pipeline.announce import announcer
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.results import ReadResults
from dropsight.settings import Settings


@functools.cache
def wired() -> ResultsApi:
    """The API with its clients, built on the first request and kept while the instance lives."""
    configure_logging()
    settings = Settings.from_environment()
    backend = open_backend(settings)
    delete = Delete(
        objects=backend.objects,
        results=backend.results,
        dead_letters=backend.dead_letters,
        work_bucket=settings.work_bucket,
        results_bucket=settings.results_bucket,
        announce=announcer(backend.publisher, settings),
    )
    delete.finish()  # what an instance that was killed has begun
    read = ReadResults(backend.results, backend.objects)
    return ResultsApi(read, delete, admission_for(os.environ))


@functions_framework.http
def api(request: flask.Request) -> flask.Response:
    headers = {name.lower(): value for name, value in request.headers.items()}
    asked = Request(
        request.method, request.path, request.args.to_dict(), headers, request.remote_addr or ""
    )
    try:
        answer = wired()(asked)
    except DropsightError as error:  # a backend that does not answer while it is wired
        answer = refusal(error, STAGE)
    response = flask.Response(answer.body, answer.status, dict(answer.headers))
    response.content_type = answer.media_type
    return response
