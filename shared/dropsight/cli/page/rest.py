"""`/v1/results`, `/v1/openapi.json` and `/v1/docs`: the API, as every other host serves it."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dropsight.api import messages
from dropsight.api.results_api import ResultsApi


async def answer(request: Request) -> Response:
    api: ResultsApi = request.app.state.api
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > messages.LONGEST_BODY:
            break
    asked = messages.Request(
        method=request.method,
        path=request.scope["path"],
        query=dict(request.query_params),
        headers=dict(request.headers),
        remote=request.client.host if request.client else "",
        body=body,
    )
    return translated(await run_in_threadpool(api, asked))


def translated(answer: messages.Response) -> Response:
    """An answer of the API as one of Starlette's."""
    response = Response(answer.body, answer.status, dict(answer.headers))
    if answer.status != 304:
        response.headers["content-type"] = answer.media_type
    return response
