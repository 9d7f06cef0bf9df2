"""How an error becomes an HTTP answer: the same shape for every endpoint of every part.

    {"error": {"code": "…", "message": "…", "retryable": false, "stage": "…"}}

`code` is stable; `message` is a sentence that says which element, what was found and what is legal.
"""

from __future__ import annotations

import math

from dropsight.api.messages import NEVER_KEPT, Response
from dropsight.domain.errors import (
    AccessRefused,
    AddressUnknown,
    ArtifactUnknown,
    BudgetExceeded,
    DropsightError,
    MessageInvalid,
    MethodRefused,
    ModelUnknown,
    ObjectGone,
    Overloaded,
    ResultDeleted,
    ResultUnknown,
    TransientError,
    Unauthenticated,
)
from dropsight.domain.progress import error_record
from dropsight.domain.results import ErrorRecord
from dropsight.domain.wire import Record, encode

STATUSES: list[tuple[type[DropsightError], int]] = [
    (Overloaded, 429),
    (TransientError, 503),
    (BudgetExceeded, 413),
    (MessageInvalid, 400),
    (Unauthenticated, 401),
    (AccessRefused, 403),
    (ModelUnknown, 404),
    (ResultUnknown, 404),
    (ArtifactUnknown, 404),
    (ObjectGone, 404),
    (AddressUnknown, 404),
    (MethodRefused, 405),
    (ResultDeleted, 410),
    (DropsightError, 422),
]
"""The first class that fits decides (RFC 9110, section 15; 429: RFC 6585)."""


class ErrorBody(Record, kw_only=True, frozen=True):
    """The body of every answer that is not a success."""

    error: ErrorRecord


def status_of(error: DropsightError | type[DropsightError]) -> int:
    kind = error if isinstance(error, type) else type(error)
    return next(status for known, status in STATUSES if issubclass(kind, known))


def refusal(error: DropsightError, stage: str) -> Response:
    """The answer to a request that ended in `error`."""
    headers = dict(NEVER_KEPT)
    if isinstance(error, TransientError):
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"  # RFC 9110, section 11.6.1
    body = encode(ErrorBody(error=error_record(error, stage)))
    return Response(status_of(error), body, headers=headers)


def defect(stage: str) -> Response:
    """The answer where our own code broke; the log says why, the answer does not."""
    error = ErrorRecord(
        code="internal",
        message="the server failed on this request; its log says why",
        retryable=True,
        stage=stage,
    )
    return Response(500, encode(ErrorBody(error=error)))
