"""What a page does beside reading results: pictures by address, feedback, uploads."""

from __future__ import annotations

from dropsight.api.bodies import FeedbackRequest, UploadRequest
from dropsight.api.messages import JSON
from dropsight.api.operations import RESULTS, Answer, Example, Operation, reference
from dropsight.domain.errors import (
    BudgetExceeded,
    MessageInvalid,
    NoRoute,
    ResultDeleted,
    ResultUnknown,
)
from dropsight.domain.feedback import Feedback
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
