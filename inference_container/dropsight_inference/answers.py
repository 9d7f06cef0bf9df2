"""How an error becomes an HTTP answer, for every endpoint alike."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from dropsight.domain.errors import (
    BudgetExceeded,
    DropsightError,
    MessageInvalid,
    ModelUnknown,
    Overloaded,
    TransientError,
)
from dropsight.domain.progress import error_record
from dropsight.domain.results import ErrorRecord
from dropsight.domain.wire import Record, encode
from dropsight_inference.metrics import Metrics

log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

STATUSES: list[tuple[type[DropsightError], int]] = [
    (Overloaded, 429),
    (TransientError, 503),
    (BudgetExceeded, 413),
    (MessageInvalid, 400),
    (ModelUnknown, 404),
    (DropsightError, 422),
]
"""The first class that fits decides (RFC 9110, section 15; 429: RFC 6585)."""


class ErrorBody(Record, kw_only=True, frozen=True):
    error: ErrorRecord


def answering(endpoint: Endpoint, name: str, metrics: Metrics) -> Endpoint:
    """`endpoint` with its errors turned into answers, counted as `name`."""

    async def answer(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except DropsightError as error:
            log.info("refused", extra={"endpoint": name, "code": error.code, "reason": str(error)})
            response = _refusal(error, name)
        except Exception:
            log.exception("defect", extra={"endpoint": name})
            response = _json(
                ErrorBody(
                    error=ErrorRecord(
                        code="internal",
                        message="the container failed on this request; its log says why",
                        retryable=True,
                        stage=name,
                    )
                ),
                500,
            )
        metrics.requests.labels(name, str(response.status_code)).inc()
        return response

    return answer


def _refusal(error: DropsightError, stage: str) -> Response:
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    response = _json(ErrorBody(error=error_record(error, stage)), status)
    if isinstance(error, TransientError):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return response


def _json(body: Record, status: int) -> Response:
    return Response(encode(body), status, media_type="application/json")
