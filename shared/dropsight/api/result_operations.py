"""The endpoints for results: served by `functions/api` and by the page server of `dropsight up`."""

from __future__ import annotations

from typing import Any

from dropsight.api.operations import RESULTS, Answer, Example, Operation, reference
from dropsight.api.page_operations import (
    ADDRESSES,
    EXPLAIN,
    GIVE_FEEDBACK,
    OPEN_UPLOAD,
    READ_FEEDBACK,
)
from dropsight.api.parameters import choice, moment, names, share, text, whole_number, yes
from dropsight.domain.errors import (
    AccessRefused,
    ArtifactUnknown,
    ObjectGone,
    ResultDeleted,
    ResultUnknown,
    Unauthenticated,
)
from dropsight.domain.results import LISTED, Result
from dropsight.pipeline.deletion import Deletion
from dropsight.pipeline.results import ResultPage

ABOUT = "this API"
DEFAULT_LIMIT = 50
LARGEST_LIMIT = 500

THRESHOLDS = (
    share(
        "confidence",
        "Lowest score of an object, or lowest probability of a classifier's label. Default: the "
        "labels' own thresholds for objects; every label of a classifier.",
    ),
    share(
        "iou",
        "Objects of one label that overlap more than this are shown as one, the stronger. Default: "
        "the model's. No new inference: candidates are kept from a low score up.",
    ),
    names("labels", "Ids of the labels that are meant, separated by commas. Default: all."),
)

WITH_OVERLAYS: dict[str, Any] = {
    "allOf": [
        reference(Result),
        {
            "type": "object",
            "properties": {
                "overlays": {
                    "type": "object",
                    "description": "Heatmaps and overlays, base64 of PNG by name of the artifact; "
                    "only where `overlays=base64` asked for them.",
                    "additionalProperties": {"type": "string", "contentEncoding": "base64"},
                }
            },
        },
    ]
}
COCO = {
    "type": "object",
    "description": "COCO's data format (cocodataset.org/#format-data), with a `score` for each "
    "annotation; masks in COCO run-length encoding.",
    "required": ["info", "images", "categories", "annotations"],
    "properties": {
        "info": {"type": "object"},
        "images": {"type": "array", "items": {"type": "object", "required": ["id", "file_name"]}},
        "categories": {"type": "array", "items": {"type": "object", "required": ["id", "name"]}},
        "annotations": {
            "type": "array",
            "items": {"type": "object", "required": ["id", "image_id", "category_id", "bbox"]},
        },
    },
}

LIST = Operation(
    name="listResults",
    method="GET",
    path="/v1/results",
    summary="List results, newest first",
    tag=RESULTS,
    description="All conditions hold together. Deleted results are not listed.",
    parameters=(
        text("model", "Name of the model."),
        choice("status", "How far the result is.", LISTED),
        text("label", "Id of a label that was found: positive at its operating point."),
        moment("from", "Arrived then or later. A date, or RFC 3339; UTC unless it says otherwise."),
        moment("to", "Arrived earlier than this."),
        whole_number("limit", "Most results of one page.", 1, LARGEST_LIMIT, DEFAULT_LIMIT),
        text("project", "Name of the project: the group of people who may see the result."),
        text("cursor", "The `cursor` of the page before: go on after it."),
    ),
    answers=(Answer("One page.", reference(ResultPage)),),
    examples=(
        Example("The newest two", "/v1/results?limit=2"),
        Example(
            "Films with a finding, since a day",
            "/v1/results?model=cxr-pneumonia&label=pneumonia&from=2026-01-01",
        ),
        Example("A condition that is not legal", "/v1/results?status=done", 400),
    ),
)
READ = Operation(
    name="readResult",
    method="GET",
    path="/v1/results/{resultId}",
    summary="Read one result in full",
    tag=RESULTS,
    parameters=(
        choice(
            "overlays",
            "`base64`: heatmaps and overlays come with the document.",
            ("none", "base64"),
            "none",
        ),
    ),
    answers=(Answer("The result document.", WITH_OVERLAYS),),
    errors=(ResultUnknown, ResultDeleted, ObjectGone),
    examples=(
        Example("A chest film", "/v1/results/{film}"),
        Example("With its pictures", "/v1/results/{film}?overlays=base64"),
        Example("One that never was", "/v1/results/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404),
        Example("One that was deleted", "/v1/results/{gone}", 410),
    ),
)
CSV = Operation(
    name="exportCsv",
    method="GET",
    path="/v1/results/{resultId}.csv",
    summary="One result as CSV, at thresholds of your choice",
    tag=RESULTS,
    description="Objects: one line for each, boxes in pixels of the source. A classifier: one line "
    "for each label. The same as `dropsight results ID --csv`.",
    parameters=THRESHOLDS,
    answers=(Answer("CSV (RFC 4180).", {"type": "string"}, "text/csv"),),
    errors=(ResultUnknown, ResultDeleted),
    examples=(
        Example("The labels of a film", "/v1/results/{film}.csv"),
        Example("Objects, at a confidence", "/v1/results/{blobs}.csv?confidence=0.6&labels=blob"),
        Example("A threshold that is none", "/v1/results/{blobs}.csv?confidence=60", 400),
    ),
)
AS_COCO = Operation(
    name="exportCoco",
    method="GET",
    path="/v1/results/{resultId}.coco",
    summary="The objects of one result as COCO JSON",
    tag=RESULTS,
    description="The same as `dropsight results ID --coco`. A classifier's result has no objects.",
    parameters=THRESHOLDS,
    answers=(Answer("COCO.", COCO),),
    errors=(ResultUnknown, ResultDeleted),
    examples=(
        Example("Objects, at an overlap", "/v1/results/{blobs}.coco?iou=0.5"),
        Example("A result without objects", "/v1/results/{film}.coco", 400),
    ),
)
ARTIFACT = Operation(
    name="readArtifact",
    method="GET",
    path="/v1/results/{resultId}/artifacts/{name}",
    summary="One picture of a result",
    tag=RESULTS,
    description="`name` is one of the document's `artifacts`, such as `display-0`. The ETag "
    "changes with the content; a request with a matching `If-None-Match` is answered with 304.",
    answers=(
        Answer("The file, with its own media type.", {}, "image/png"),
        Answer("You have this version already.", status=304),
    ),
    errors=(ResultUnknown, ResultDeleted, ArtifactUnknown, ObjectGone),
    examples=(
        Example("The film without an overlay", "/v1/results/{film}/artifacts/display-0"),
        Example("A name that it has not", "/v1/results/{film}/artifacts/overlay", 404),
    ),
)
DELETE = Operation(
    name="deleteResult",
    method="DELETE",
    path="/v1/results/{resultId}",
    summary="Delete a result and everything derived from it",
    tag=RESULTS,
    description="The document, the prepared frame, all pictures, dead letters and feedback go. The "
    "upload stays in the landing bucket, unless `source=true`. In the cloud only administrators "
    "delete (claim `admin`). Messages that are delivered late do not bring the result back. May be "
    "repeated: a deletion that was cut short is finished by it.",
    parameters=(yes("source", "Remove the uploaded file, too (exactly this version of it)."),),
    answers=(Answer("What was removed.", reference(Deletion)),),
    errors=(ResultUnknown, AccessRefused),
    examples=(
        Example("A film that is no longer needed", "/v1/results/{spare}"),
        Example("Once more, and its upload", "/v1/results/{spare}?source=true"),
        Example("One that never was", "/v1/results/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404),
    ),
)
OPENAPI = Operation(
    name="openApi",
    method="GET",
    path="/v1/openapi.json",
    summary="This description, OpenAPI 3.1",
    tag=ABOUT,
    answers=(Answer("The document.", {"type": "object", "required": ["openapi", "paths"]}),),
)
DOCS = Operation(
    name="docs",
    method="GET",
    path="/v1/docs",
    summary="This description as a page",
    tag=ABOUT,
    answers=(Answer("A page that loads nothing else.", {"type": "string"}, "text/html"),),
)

OPERATIONS = (
    *(LIST, CSV, AS_COCO, ARTIFACT, ADDRESSES, EXPLAIN, GIVE_FEEDBACK, READ_FEEDBACK),
    *(READ, DELETE, OPEN_UPLOAD, OPENAPI, DOCS),
)
"""In the order that a path is compared with them."""
ANY_REQUEST = (Unauthenticated, AccessRefused)
"""What every endpoint may answer, before anything is read."""
