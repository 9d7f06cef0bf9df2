"""Reads request bodies, refusing what is too large before it is in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from dropsight.domain.errors import BudgetExceeded, MessageInvalid

FIELD = "file"


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises BudgetExceeded past `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BudgetExceeded(f"body: found more than {limit} bytes, which is the limit")
    return bytes(body)


async def read_file(request: Request, limit: int) -> bytes:
    """The uploaded file: the body itself, or the field `file` of a multipart form (RFC 7578).

    Raises BudgetExceeded, MessageInvalid.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await read_body(request, limit)
    if kind == "multipart/form-data":
        body = await _form_field(request, body)
    if not body:
        raise MessageInvalid(
            "body: found no bytes, expected a file: as the body itself, or as the field "
            f"{FIELD!r} of a multipart form"
        )
    return body


async def _form_field(request: Request, body: bytes) -> bytes:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    try:
        form = await MultiPartParser(request.headers, stream()).parse()  # type: ignore[arg-type]
    except (MultiPartException, KeyError) as error:
        raise MessageInvalid(f"body: not a multipart form that can be read: {error}") from error
    try:
        field = form.get(FIELD)
        if not isinstance(field, UploadFile):
            found = ", ".join(repr(name) for name in form) or "none"
            raise MessageInvalid(f"body: expected a file in field {FIELD!r}, found fields: {found}")
        return await field.read()
    finally:
        await form.close()
