"""`POST /api/upload?name=…&route=…`: the body is the file, as it is."""

from __future__ import annotations

import mmap
import tempfile
from typing import BinaryIO, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from dropsight.cli.announcing import announce
from dropsight.cli.serving import predicted_result_id
from dropsight.cli.store import Store
from dropsight.domain.errors import MessageInvalid, NoRoute
from dropsight.ports import ObjectInfo
from dropsight.settings import Settings


async def receive(request: Request) -> JSONResponse:
    """201 with the object that was made, and the id of its result where that is known already."""
    settings: Settings = request.app.state.settings
    name = request.query_params.get("name", "")
    route = request.query_params.get("route", "")
    limit = settings.budgets.bytes
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    settings.state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.state) as file:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            await run_in_threadpool(file.write, chunk)
        info = await run_in_threadpool(
            _store, request.app.state.store, settings, f"{route}/{name}" if route else name, file
        )
    try:
        identity = predicted_result_id(info, request.app.state.manifests, request.app.state.routes)
    except NoRoute:
        identity = None  # the failed result that says so will come by itself
    return JSONResponse(
        {"object": info.name, "generation": str(info.generation), "resultId": identity}, 201
    )


def _store(store: Store, settings: Settings, name: str, file: BinaryIO) -> ObjectInfo:
    """Large files are mapped, not read: memory does not grow with them."""
    file.flush()
    empty = file.tell() == 0
    data = b"" if empty else cast(bytes, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        info = store.objects.write(settings.landing_bucket, name, data)
    except MessageInvalid as error:
        raise HTTPException(400, str(error)) from error
    announce(store.queue, info)
    return info


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"at most {limit} bytes are taken (DROPSIGHT_BUDGET_BYTES)")
