"""The endpoints of the inference container, described here because it shares one document with the
endpoints for results. `dropsight up` passes `/v1/models` on to it from the port of the page."""

from __future__ import annotations

from dropsight.api.failures import ErrorBody
from dropsight.api.operations import Answer, Example, Operation, reference
from dropsight.api.parameters import choice
from dropsight.api.result_operations import WITH_OVERLAYS
from dropsight.api.served import ModelDescription, Readiness, ServedModels
from dropsight.domain.errors import (
    AccessRefused,
    BudgetExceeded,
    ContractRefused,
    ModelUnknown,
    Overloaded,
    Unauthenticated,
    UnrecognisedFormat,
)
from dropsight.domain.events import PushEnvelope

MODELS = "models"
HEALTH = "health of the container"
PUSH = "messages of the container"
BINARY = {"type": "string", "format": "binary"}

PREDICT = Operation(
    name="predict",
    method="POST",
    path="/v1/models/{model}:predict",
    summary="Predict a file now",
    tag=MODELS,
    description="A file in, the result document out; nothing is stored. For a file that is to be "
    "kept, listed and explained in its own time, put it into the landing bucket instead. A file "
    "that cannot be processed is answered with 422, a code and the reason. On Cloud Run: with an "
    "OIDC token of a service account that is named in the settings.",
    parameters=(
        choice(
            "explain",
            "Explanations to wait for. Boxes and masks are their own explanation.",
            ("none", "grad-cam", "lime", "all"),
            "none",
        ),
        choice(
            "overlays",
            "`base64`: heatmaps and overlays come with the document.",
            ("none", "base64"),
            "none",
        ),
    ),
    body={
        "application/octet-stream": BINARY,
        "multipart/form-data": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": BINARY},
        },
    },
    answers=(Answer("The result document.", WITH_OVERLAYS),),
    errors=(
        Unauthenticated,
        AccessRefused,
        ModelUnknown,
        BudgetExceeded,
        UnrecognisedFormat,
        ContractRefused,
        Overloaded,
    ),
    examples=(
        Example(
            "A film, with Grad-CAM as base64",
            "/v1/models/cxr-pneumonia:predict?explain=grad-cam&overlays=base64",
            file="film.dcm",
        ),
        Example("No picture", "/v1/models/cxr-pneumonia:predict", 422, file="notes.txt"),
        Example(
            "A method that is none",
            "/v1/models/cxr-pneumonia:predict?explain=shap",
            400,
            file="film.dcm",
        ),
    ),
)
LIST_MODELS = Operation(
    name="listModels",
    method="GET",
    path="/v1/models",
    summary="The models that are served",
    tag=MODELS,
    answers=(Answer("By name.", reference(ServedModels)),),
    examples=(Example("All", "/v1/models"),),
)
READ_MODEL = Operation(
    name="readModel",
    method="GET",
    path="/v1/models/{model}",
    summary="One model: its manifest and its card",
    tag=MODELS,
    answers=(Answer("The model.", reference(ModelDescription)),),
    errors=(ModelUnknown,),
    examples=(
        Example("A classifier of chest films", "/v1/models/cxr-pneumonia"),
        Example("One that is not served", "/v1/models/cats", 404),
    ),
)
LIVE = Operation(
    name="live",
    method="GET",
    path="/livez",
    summary="The process answers",
    tag=HEALTH,
    answers=(Answer("It does.", reference(Readiness)),),
    examples=(Example("Live", "/livez"),),
)
READY = Operation(
    name="ready",
    method="GET",
    path="/readyz",
    summary="A real forward pass has gone through every model",
    tag=HEALTH,
    answers=(
        Answer("Ready.", reference(Readiness)),
        Answer("Not yet, or no longer.", reference(Readiness), status=503),
    ),
    examples=(Example("Ready", "/readyz"),),
)
METRICS = Operation(
    name="metrics",
    method="GET",
    path="/metrics",
    summary="Counters and times, for Prometheus",
    tag=HEALTH,
    answers=(Answer("Prometheus text format.", {"type": "string"}, "text/plain"),),
    examples=(Example("Metrics", "/metrics"),),
)


def _push(name: str, step: str, summary: str) -> Operation:
    return Operation(
        name=name,
        method="POST",
        path=f"/pubsub/{step}",
        summary=summary,
        tag=PUSH,
        description="Called by a Pub/Sub push subscription. 204 acknowledges the message, also one "
        "that cannot be read (it is kept as a dead letter); anything else has it delivered again. "
        "On Cloud Run: with the OIDC token of the subscription.",
        body={"application/json": reference(PushEnvelope)},
        answers=(
            Answer("Done, or failed for good and recorded.", status=204),
            Answer("Not the subscription's token.", reference(ErrorBody), status=401),
            Answer("Over capacity: later.", reference(ErrorBody), status=429),
            Answer(
                "Something did not answer, or has it already: later.",
                reference(ErrorBody),
                status=503,
            ),
        ),
    )


PASSED_ON = (PREDICT, LIST_MODELS, READ_MODEL)
"""Reached at the page's port as well."""
CONTAINER_ONLY = (
    LIVE,
    READY,
    METRICS,
    _push("pushPrediction", "predict", "A frame waits for its model"),
    _push("pushExplanation", "explain", "A finding waits for its reason"),
)
