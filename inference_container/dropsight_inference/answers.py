"""How the container's endpoints answer: errors in the shape that all parts share, all counted."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from dropsight.api import failures, messages
from dropsight.domain.errors import AddressUnknown, DropsightError, MethodRefused
from dropsight_inference.metrics import Metrics

log = logging.getLogger(__name__)

STAGE = "container"

Endpoint = Callable[[Request], Awaitable[Response]]


def answering(endpoint: Endpoint, name: str, metrics: Metrics) -> Endpoint:
    """`endpoint` with its errors turned into answers, counted as `name`."""

    async def answer(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except DropsightError as error:
            log.info("refused", extra={"endpoint": name, "code": error.code, "reason": str(error)})
            response = _translated(failures.refusal(error, name))
        except Exception:
            log.exception("defect", extra={"endpoint": name})
            response = _translated(failures.defect(name))
        metrics.requests.labels(name, str(response.status_code)).inc()
        return response

    return answer


async def not_served(request: Request, error: Exception) -> Response:
    """A path or a method that no route has, which Starlette raises as HTTPException."""
    asked = f"{request.method} {request.url.path[:80]}"
    allowed = getattr(error, "headers", None) or {}
    if "Allow" not in allowed:
        unknown = AddressUnknown(f"{asked}: nothing is here; docs/openapi.json lists what there is")
        return _translated(failures.refusal(unknown, STAGE))
    refused = MethodRefused(f"{asked}: legal here are {allowed['Allow']}")
    response = _translated(failures.refusal(refused, STAGE))
    response.headers["allow"] = allowed["Allow"]
    return response


def _translated(answer: messages.Response) -> Response:
    return Response(
        answer.body, answer.status, headers=dict(answer.headers), media_type=answer.media_type
    )
