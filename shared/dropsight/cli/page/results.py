"""`/api/results`: the list in short, one result in full."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from dropsight.cli.store import Store
from dropsight.domain.errors import MessageInvalid
from dropsight.domain.queries import EVERYTHING, Position
from dropsight.domain.results import Result
from dropsight.domain.wire import to_plain
from dropsight.pipeline.artifacts import display_name

MOST = 1000


def listing(request: Request) -> JSONResponse:
    """`?limit=N&cursor=C`, newest first.

    `revision` is where to follow `/api/events` from, `cursor` where the next page begins: null on
    the last one.
    """
    store: Store = request.app.state.store
    try:
        limit = int(request.query_params.get("limit", "200"))
    except ValueError as error:
        raise HTTPException(400, "limit: expected a whole number") from error
    cursor = request.query_params.get("cursor")
    try:
        after = Position.from_cursor(cursor) if cursor else None
    except MessageInvalid as error:
        raise HTTPException(400, str(error)) from error
    limit = max(1, min(limit, MOST))
    revision = store.results.revision()
    found = store.results.list(limit + 1, EVERYTHING, after)  # one more tells if there is more
    shown = found[:limit]
    return JSONResponse(
        {
            "results": [summary(one) for one in shown],
            "revision": revision,
            "cursor": Position.of(shown[-1]).cursor() if len(found) > limit else None,
        }
    )


def one(request: Request) -> JSONResponse:
    store: Store = request.app.state.store
    identity = request.path_params["result_id"]
    result = store.results.get(identity)
    if result is None or result.is_deleted:
        raise HTTPException(404, f"there is no result {identity}")
    return JSONResponse(to_plain(result))


def summary(result: Result) -> dict[str, Any]:
    """What the list shows of a result."""
    display = result.artifact(display_name(0))
    return {
        "resultId": result.result_id,
        "status": result.status,
        "object": result.source.object,
        "format": result.source.format,
        "model": result.model.name if result.model else None,
        "queuedAt": result.timestamps.get("queued", result.timestamps.get("failed")),
        "found": _strongest(result),
        "explained": sum(e.status == "done" for e in result.explanations),
        "errorCode": result.error.code if result.error else None,
        "display": f"artifacts/{display.bucket}/{display.object}" if display else None,
    }


def _strongest(result: Result) -> list[dict[str, Any]]:
    """The strongest positive finding of each label, the most probable first."""
    best: dict[str, float] = {}
    for finding in result.positives:
        best[finding.label] = max(finding.probability, best.get(finding.label, 0.0))
    ranked = sorted(best.items(), key=lambda pair: -pair[1])
    return [{"label": label, "probability": probability} for label, probability in ranked]
