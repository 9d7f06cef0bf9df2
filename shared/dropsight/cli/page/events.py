"""`/api/events`: changed results as server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import StreamingResponse

from dropsight.cli.page.results import summary
from dropsight.cli.store import Store

POLL_S = 0.15
HEARTBEAT_S = 15.0


async def stream(request: Request) -> StreamingResponse:
    """Each event is a list of summaries; its id is the revision that a client resumes from."""
    since = request.headers.get("last-event-id") or request.query_params.get("since", "0")
    try:
        revision = int(since)
    except ValueError as error:
        raise HTTPException(400, "since: expected a whole number") from error
    return StreamingResponse(
        _events(request.app.state.store, revision),
        media_type="text/event-stream",
        headers={"cache-control": "no-store"},
    )


async def _events(store: Store, revision: int) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    spoken = time.monotonic()
    while True:
        newest, changed = await run_in_threadpool(store.results.changes_since, revision)
        if changed:
            data = json.dumps([summary(result) for result in changed])
            yield f"id: {newest}\ndata: {data}\n\n"
            spoken = time.monotonic()
        elif time.monotonic() - spoken > HEARTBEAT_S:
            yield ": still here\n\n"  # so that a client that has gone is noticed
            spoken = time.monotonic()
        revision = newest
        await asyncio.sleep(POLL_S)
