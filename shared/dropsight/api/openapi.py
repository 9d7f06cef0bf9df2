"""The OpenAPI 3.1 document, made of the operations and of the records that they speak of.

`python -m dropsight.api.openapi docs/openapi.json` writes it; a test refuses a committed one that
differs from the code. Its examples were recorded from a running system
(`python -m tests.e2e.record_examples`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from dropsight import __version__
from dropsight.api.bodies import ExplainRequest, FeedbackRequest, UploadRequest
from dropsight.api.container_operations import CONTAINER_ONLY, PASSED_ON
from dropsight.api.failures import ErrorBody, status_of
from dropsight.api.operations import Answer, Example, Operation, reference
from dropsight.api.result_operations import ANY_REQUEST, OPERATIONS
from dropsight.api.served import ModelDescription, Readiness, ServedModels
from dropsight.domain.errors import DropsightError, MessageInvalid
from dropsight.domain.events import PushEnvelope
from dropsight.domain.feedback import Feedback
from dropsight.domain.results import Result
from dropsight.pipeline.addresses import Addresses
from dropsight.pipeline.deletion import Deletion
from dropsight.pipeline.feedback import FeedbackList
from dropsight.pipeline.results import ResultPage
from dropsight.pipeline.uploads import UploadAddress

RECORDS = (
    *(Addresses, Deletion, ErrorBody, ExplainRequest, Feedback, FeedbackList, FeedbackRequest),
    *(
        ModelDescription,
        PushEnvelope,
        Readiness,
        Result,
        ResultPage,
        ServedModels,
        UploadAddress,
        UploadRequest,
    ),
)
RECORDED = Path(__file__).parent / "examples.json"
HERE = "http://127.0.0.1:8080"
"""Where `dropsight up` answers unless it is told otherwise."""
PATH_PARAMETERS = {
    "resultId": ("Id of the result, as lists and uploads show it.", "film"),
    "name": ("Name of one of the result's artifacts.", None),
    "model": ("Name of a served model.", None),
}
FIREBASE = "firebase"
FIREBASE_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "Firebase ID token, in the cloud. Claims: `projects` (array of names: what may "
    "be read, uploaded to and given feedback in), `admin` (true: may delete there, too).",
}
FIXED_EXAMPLES = {"name": "display-0", "model": "cxr-pneumonia"}
ABOUT = """\
Predict a file now, or list, read, export and delete the results of files that were dropped into the
bucket.

Every error has one shape: `{"error": {"code", "message", "retryable", "stage"}}`, where `message`
says what was found and what is legal. Times are seconds since the epoch, boxes
`[x, y, width, height]` in pixels of the source, probabilities and thresholds between 0 and 1.

On a laptop `dropsight up` answers to its own user, on the loopback interface alone. In the cloud
every request to the function `api` carries a Firebase ID token (`Authorization: Bearer …`); what
belongs to a project that the token does not name is, to its bearer, not there."""


@cache
def document() -> dict[str, Any]:
    """JSON-like builtins; not to be changed by the caller."""
    recorded = json.loads(RECORDED.read_text("utf-8"))
    _, components = msgspec.json.schema_components(
        RECORDS, ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Any] = {}
    for operation in _all():
        item = paths.setdefault(operation.path, {})
        if operation in CONTAINER_ONLY:
            item["servers"] = [{"url": "/", "description": "The inference container itself."}]
        item[operation.method.lower()] = _operation(operation, recorded)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dropsight",
            "version": __version__,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": HERE, "description": "`dropsight up`"}],
        "tags": [{"name": one} for one in dict.fromkeys(o.tag for o in _all())],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {FIREBASE: FIREBASE_SCHEME},
        },
    }


def _all() -> Sequence[Operation]:
    return (*PASSED_ON, *OPERATIONS, *CONTAINER_ONLY)


def command(operation: Operation, example: Example, ids: dict[str, str]) -> str:
    """The example as a line for a terminal."""
    words = ["curl"]
    if operation.method == "DELETE":
        words.append("-X DELETE")
    if example.file is not None:
        words.append(f"--data-binary @{example.file}")
    if example.json is not None:
        words.append(f"--json '{json.dumps(example.json)}'")
    if operation.cloud_only:
        words.append('-H "Authorization: Bearer $TOKEN"')
    address = "$API" if operation.cloud_only else HERE
    return " ".join([*words, f'"{address}{example.target.format(**ids)}"'])


def _operation(operation: Operation, recorded: dict[str, Any]) -> dict[str, Any]:
    ids = recorded["ids"]
    shown: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.description:
        shown["description"] = operation.description
    parameters = [_path_parameter(name, ids) for name in operation.path_parameters]
    parameters += [
        {
            "name": one.name,
            "in": "query",
            "description": one.description,
            "schema": dict(one.schema),
        }
        for one in operation.parameters
    ]
    if operation in OPERATIONS:
        shown["security"] = [{FIREBASE: []}] if operation.cloud_only else [{}, {FIREBASE: []}]
    if parameters:
        shown["parameters"] = parameters
    if operation.body:
        shown["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": schema} for kind, schema in operation.body.items()},
        }
    shown["responses"] = _responses(operation, recorded["answers"].get(operation.name, {}))
    if operation.examples:
        shown["x-codeSamples"] = [
            {"lang": "curl", "label": one.title, "source": command(operation, one, ids)}
            for one in operation.examples
        ]
    return shown


def _path_parameter(name: str, ids: dict[str, str]) -> dict[str, Any]:
    description, role = PATH_PARAMETERS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": ids[role] if role else FIXED_EXAMPLES[name],
    }


def _responses(operation: Operation, recorded: dict[str, Any]) -> dict[str, Any]:
    answers = {one.status: one for one in operation.answers}
    errors: tuple[type[DropsightError], ...] = operation.errors
    if operation.parameters:
        errors = (MessageInvalid, *errors)
    if operation in OPERATIONS:
        errors = (*ANY_REQUEST, *errors)
    errors = tuple(dict.fromkeys(errors))
    for status in sorted({status_of(one) for one in errors} - set(answers)):
        codes = [f"`{one.code}`" for one in errors if status_of(one) == status]
        answers[status] = Answer(", ".join(codes), reference(ErrorBody), status=status)
    return {str(status): _response(answer, recorded) for status, answer in sorted(answers.items())}


def _response(answer: Answer, recorded: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": answer.description}
    if answer.schema is None:
        return shown
    content: dict[str, Any] = {"schema": answer.schema} if answer.schema else {}
    examples = {
        title: {"value": one["body"]}
        for title, one in recorded.items()
        if one["status"] == answer.status and "body" in one
    }
    if examples:
        content["examples"] = examples
    return {**shown, "content": {answer.media_type: content}}


def document_text() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document_text(), encoding="utf-8")
