"""What a page does beside reading results: pictures by address, reasons, feedback, uploads."""

from __future__ import annotations

from dropsight.api.bodies import ExplainRequest, FeedbackRequest, UploadRequest
from dropsight.api.messages import JSON
from dropsight.api.operations import RESULTS, Answer, Example, Operation, reference
from dropsight.domain.errors import (
    BudgetExceeded,
    ExplanationUnavailable,
    MessageInvalid,
    NoRoute,
    ObjectGone,
    ResultDeleted,
    ResultUnknown,
)
from dropsight.domain.feedback import Feedback
from dropsight.domain.results import Explanation
from dropsight.pipeline.addresses import Addresses
from dropsight.pipeline.feedback import FeedbackList
from dropsight.pipeline.uploads import UploadAddress

UPLOADS = "uploads"

ADDRESSES = Operation(
    name="readAddresses",
    method="GET",
    path="/v1/results/{resultId}/addresses",
    summary="Where all pictures of a result are read",
    tag=RESULTS,
    description="By name of the artifact. In the cloud they are signed addresses of Cloud Storage, "
    "which hold until `expiresAt` for whoever has them: ask again then, and don't pass them on. On "
    "a laptop they are paths of this server, which do not expire.",
    answers=(Answer("The addresses.", reference(Addresses)),),
    errors=(ResultUnknown, ResultDeleted),
    examples=(Example("Those of a film", "/v1/results/{film}/addresses"),),
)
EXPLAIN = Operation(
    name="explainResult",
    method="POST",
    path="/v1/results/{resultId}/explanations",
    summary="Ask why: one more explanation",
    tag=RESULTS,
    description="Of a label that was not explained by itself, or of one object. The entry is "
    "`pending` in the document until it has been made; asking twice is asking once, and one that "
    "failed is tried again. The same as `dropsight explain`.",
    body={JSON: reference(ExplainRequest)},
    answers=(
        Answer("It is there already.", reference(Explanation)),
        Answer("It is on its way: the entry as it now stands.", reference(Explanation), status=202),
    ),
    errors=(MessageInvalid, ResultUnknown, ResultDeleted, ObjectGone, ExplanationUnavailable),
    examples=(
        Example(
            "Into a module nobody sees",
            "/v1/results/{blobs}/explanations",
            422,
            json={"method": "lime", "object": 0},
        ),
    ),
)
GIVE_FEEDBACK = Operation(
    name="giveFeedback",
    method="POST",
    path="/v1/results/{resultId}/feedback",
    summary="Say what you think of a result",
    tag=RESULTS,
    description="Kept beside the result, which stays as it is. What was said is never changed, and "
    "goes with the result alone; say something more instead.",
    body={JSON: reference(FeedbackRequest)},
    answers=(Answer("What is kept.", reference(Feedback), status=201),),
    errors=(MessageInvalid, ResultUnknown, ResultDeleted),
    examples=(
        Example(
            "Another opinion",
            "/v1/results/{film}/feedback",
            201,
            json={"verdict": "disagree", "comment": "an old scar", "label": "pneumonia"},
        ),
        Example(
            "A verdict that is none", "/v1/results/{film}/feedback", 400, json={"verdict": "?"}
        ),
    ),
)
READ_FEEDBACK = Operation(
    name="readFeedback",
    method="GET",
    path="/v1/results/{resultId}/feedback",
    summary="What people say of a result, oldest first",
    tag=RESULTS,
    answers=(Answer("All of it.", reference(FeedbackList)),),
    errors=(ResultUnknown, ResultDeleted),
    examples=(Example("Of a film", "/v1/results/{film}/feedback"),),
)
OPEN_UPLOAD = Operation(
    name="openUpload",
    method="POST",
    path="/v1/uploads",
    summary="Begin an upload",
    tag=UPLOADS,
    description="In the cloud only. Send `method` to `url` with exactly these `headers` and an "
    "empty body; the `Location` of the answer is a session, to which the bytes are PUT in chunks "
    "of multiples of 256 KiB with `Content-Range`. After an interruption a PUT with "
    "`Content-Range: bytes */SIZE` tells by its `Range` what has arrived (Cloud Storage, "
    "resumable uploads). "
    "Name, type and the largest size are part of what is signed.",
    body={JSON: reference(UploadRequest)},
    answers=(Answer("Where the upload begins.", reference(UploadAddress), status=201),),
    errors=(MessageInvalid, NoRoute, BudgetExceeded),
    examples=(
        Example(
            "A film",
            "/v1/uploads",
            201,
            json={
                "name": "scan.dcm",
                "route": "cxr-pneumonia",
                "size": 1048576,
                "contentType": "application/dicom",
            },
        ),
        Example(
            "To a route that is none",
            "/v1/uploads",
            422,
            json={"name": "scan.dcm", "route": "cats", "size": 1048576},
        ),
    ),
    cloud_only=True,
)
