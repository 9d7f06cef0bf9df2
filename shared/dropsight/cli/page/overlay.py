"""`/results/{id}/overlay.png`: the objects of a result, drawn as they are chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dropsight.cli.store import Store
from dropsight.domain.errors import MessageInvalid, ObjectGone
from dropsight.domain.manifests import Manifest
from dropsight.pipeline.object_overlay import draw_result_overlay, read_selection

# The same address may show another picture when the result is made again, so a browser may keep it
# but asks each time whether it still holds.
REVALIDATED = "private, no-cache"


def picture(request: Request) -> Response:
    """`?mode=0&labels=a,b&confidence=0.3&iou=0.5&frame=0`, all optional (`read_selection`).

    200 with a PNG, 304 where the client has it, 400 for a query that says nothing, 404 where there
    is no such result or no picture of it.
    """
    store: Store = request.app.state.store
    manifests: Mapping[str, Manifest] = request.app.state.manifests
    identity = request.path_params["result_id"]
    result = store.results.get(identity)
    if result is None:
        raise HTTPException(404, f"there is no result {identity}")
    manifest = manifests.get(result.model.name) if result.model else None
    try:
        selection = read_selection(result, request.query_params)
        drawn = draw_result_overlay(store.objects, result, manifest, selection)
    except MessageInvalid as error:
        raise HTTPException(400, str(error)) from error
    except ObjectGone as error:
        raise HTTPException(404, str(error)) from error
    tag = f'"{hashlib.sha256(drawn).hexdigest()[:32]}"'
    headers = {"cache-control": REVALIDATED, "etag": tag}
    known = {
        one.strip().removeprefix("W/")
        for one in request.headers.get("if-none-match", "").split(",")
    }
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(drawn, media_type="image/png", headers=headers)
