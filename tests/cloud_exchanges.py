"""Sends the requests of the documentation that only the function `api` answers: to the API itself,
with the signer of addresses that it has in the cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dropsight.adapters.gcp.session import IAM_CREDENTIALS, STORAGE, Session
from dropsight.adapters.gcp.signing import CloudAddressSigner
from dropsight.api.handlers import Handlers
from dropsight.api.messages import JSON, Request, Response
from dropsight.api.operations import Example, Operation
from dropsight.api.result_operations import OPERATIONS
from dropsight.api.results_api import ResultsApi
from dropsight.domain.callers import MACHINES_USER
from dropsight.domain.manifests import load_manifests
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.feedback import GiveFeedback
from dropsight.pipeline.request_explanation import RequestExplanation
from dropsight.pipeline.results import ReadResults
from dropsight.pipeline.uploads import OpenUpload
from dropsight.settings import Settings
from tests.emulators.iam_server import ACCOUNT, running_iam_server
from tests.fakes import (
    MemoryDeadLetterStore,
    MemoryFeedbackStore,
    MemoryObjectStore,
    MemoryPublisher,
    MemoryResultStore,
)

MODELS = Path(__file__).parents[1] / "models"

Exchanged = tuple[Operation, Example, Response]


@contextmanager
def cloud_exchanges() -> Iterator[Iterator[Exchanged]]:
    with running_iam_server() as iam:
        session = Session(IAM_CREDENTIALS, {IAM_CREDENTIALS.emulator_variable: iam.address})
        signer = CloudAddressSigner(session, STORAGE.address, ACCOUNT)
        api = _api(signer)
        yield (
            (operation, example, api(_request(operation, example)))
            for operation in OPERATIONS
            if operation.cloud_only
            for example in operation.examples
        )


def _request(operation: Operation, example: Example) -> Request:
    return Request(
        operation.method,
        example.target,
        headers={"content-type": JSON},
        body=json.dumps(example.json).encode(),
    )


def _api(signer: CloudAddressSigner) -> ResultsApi:
    objects, results, feedback = MemoryObjectStore(), MemoryResultStore(), MemoryFeedbackStore()
    models = load_manifests(MODELS)
    handlers = Handlers(
        ReadResults(results, objects),
        Delete(objects, results, MemoryDeadLetterStore(), feedback, "work", "results"),
        GiveFeedback(feedback, results),
        OpenUpload(signer, lambda: models, Settings()),
        signer,
        explain=lambda: RequestExplanation(objects, results, MemoryPublisher(), models, "work"),
    )
    return ResultsApi(handlers, lambda _: MACHINES_USER)
