"""Cloud Function `api`: results over HTTP, to list, read, export and delete; uploads, feedback."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import flask
import functions_framework

from dropsight.adapters.backend import open_backend
from dropsight.adapters.gcp.firebase import firebase_callers, refuse_unsigned_tokens
from dropsight.adapters.gcp.signing import open_signer
from dropsight.api.admission import admission_by
from dropsight.api.cross_origin import CrossOrigin
from dropsight.api.failures import refusal
from dropsight.api.handlers import Handlers
from dropsight.api.messages import LONGEST_BODY, Request
from dropsight.api.results_api import STAGE, ResultsApi
from dropsight.domain.errors import DropsightError
from dropsight.logs import configure_logging
from dropsight.pipeline.announce import announcer
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.feedback import GiveFeedback
from dropsight.pipeline.request_explanation import RequestExplanation
from dropsight.pipeline.results import ReadResults
from dropsight.pipeline.uploads import OpenUpload
from dropsight.settings import Settings

if TYPE_CHECKING:
    from dropsight.domain.manifests import Manifest

# The one thing that is done on import: a revision that would let everybody in must not start.
refuse_unsigned_tokens(os.environ)


@functools.cache
def wired() -> CrossOrigin:
    """The API with its clients, built on the first request and kept while the instance lives."""
    configure_logging()
    settings = Settings.from_environment()
    backend = open_backend(settings)
    delete = Delete(
        objects=backend.objects,
        results=backend.results,
        dead_letters=backend.dead_letters,
        feedback=backend.feedback,
        work_bucket=settings.work_bucket,
        results_bucket=settings.results_bucket,
        announce=announcer(backend.publisher, settings),
    )
    signer = open_signer(settings)

    @functools.cache
    def models() -> dict[str, Manifest]:
        # Only who uploads pays for reading YAML: a function starts cold for other requests.
        from dropsight.domain.manifests import load_manifests  # noqa: PLC0415

        return load_manifests(settings.models)

    handlers = Handlers(
        read=ReadResults(backend.results, backend.objects),
        delete=delete,
        feedback=GiveFeedback(backend.feedback, backend.results),
        explain=lambda: RequestExplanation(
            objects=backend.objects,
            results=backend.results,
            publisher=backend.publisher,
            models=models(),
            work_bucket=settings.work_bucket,
        ),
        uploads=OpenUpload(signer, models, settings) if signer else None,
        signer=signer,
    )
    callers = firebase_callers(settings.project, os.environ)
    admit = admission_by(callers, on_cloud_run="K_SERVICE" in os.environ)
    api = ResultsApi(handlers, admit, resume=functools.cache(delete.finish))
    return CrossOrigin(api, settings.page_origins)


@functions_framework.http
def api(request: flask.Request) -> flask.Response:
    asked = Request(
        method=request.method,
        path=request.path,
        query=request.args.to_dict(),
        headers={name.lower(): value for name, value in request.headers.items()},
        remote=request.remote_addr or "",
        body=request.stream.read(LONGEST_BODY + 1),
    )
    try:
        answer = wired()(asked)
    except DropsightError as error:  # a backend that cannot be opened
        answer = refusal(error, STAGE)
    response = flask.Response(answer.body, answer.status, dict(answer.headers))
    response.content_type = answer.media_type
    return response
