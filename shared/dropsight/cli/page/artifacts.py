"""`/artifacts/{bucket}/{name}`: pictures of the results bucket, and of no other."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dropsight.cli.store import Store
from dropsight.domain.errors import MessageInvalid, ObjectGone
from dropsight.settings import Settings

# An artifact's name changes with its content (`pipeline/artifacts.py`): keep it for ever.
FOREVER = "private, max-age=31536000, immutable"


def serve(request: Request) -> Response:
    store: Store = request.app.state.store
    settings: Settings = request.app.state.settings
    bucket, name = request.path_params["bucket"], request.path_params["name"]
    if bucket != settings.results_bucket:
        raise HTTPException(404, "only the results bucket is shown here")
    try:
        info = store.objects.stat(bucket, name)
        data = store.objects.read(bucket, name, info.generation)
    except (ObjectGone, MessageInvalid) as error:
        raise HTTPException(404, "there is no such artifact") from error
    return Response(
        data,
        media_type=info.content_type,
        headers={"cache-control": FOREVER, "etag": f'"{info.generation}"'},
    )
