"""`/v1/results` and the API's description: a Request in, a Response out, never an exception."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec

from dropsight.api import result_operations as operations
from dropsight.api.admission import Admission
from dropsight.api.failures import defect, refusal
from dropsight.api.messages import NEVER_KEPT, Request, Response
from dropsight.api.operations import Operation
from dropsight.api.parameters import read_query
from dropsight.domain.errors import AddressUnknown, DropsightError, MethodRefused
from dropsight.domain.exports import Thresholds, export_coco, export_csv
from dropsight.domain.queries import Position, ResultQuery
from dropsight.domain.results import Result
from dropsight.domain.wire import encode, to_plain
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.results import ReadResults

log = logging.getLogger(__name__)

STAGE = "api"
PARTS = {"resultId": r"[A-Za-z0-9_-]{1,64}", "name": r"[^/]{1,512}"}
ASK_AGAIN = "private, no-cache"
"""A browser may keep the picture, and asks each time whether it is still the one (ETag)."""

Values = Mapping[str, Any]
Handler = Callable[[Request, Values], Response]


@dataclass(frozen=True)
class ResultsApi:
    """What the endpoints need, built once by the entry point. May be called by many threads."""

    read: ReadResults
    delete: Delete
    admit: Admission

    def __call__(self, request: Request) -> Response:
        try:
            self.admit(request)
            return self._answer(request)
        except DropsightError as error:
            log.info("refused", extra={"endpoint": request.path, "code": error.code})
            return refusal(error, STAGE)
        except Exception:
            log.exception("defect", extra={"endpoint": request.path})
            return defect(STAGE)

    def _answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        allowed = []
        for pattern, operation, handler in self._routes:
            found = pattern.fullmatch(request.path)
            if found is None:
                continue
            if operation.method == method:
                values = read_query(request.query, operation.parameters)
                return handler(request, {**found.groupdict(), **values})
            allowed.append(operation.method)
        if allowed:
            legal = ", ".join(allowed)
            sentence = f"{request.method} {request.path[:80]}: legal here are {legal}"
            answer = refusal(MethodRefused(sentence), STAGE)
            return replace(answer, headers={**answer.headers, "allow": legal})
        raise AddressUnknown(f"{request.path[:80]}: nothing is here; /v1/docs shows what there is")

    @cached_property
    def _routes(self) -> list[tuple[re.Pattern[str], Operation, Handler]]:
        handlers: dict[str, Handler] = {
            operations.LIST.name: self._list,
            operations.READ.name: self._read,
            operations.CSV.name: self._csv,
            operations.AS_COCO.name: self._coco,
            operations.ARTIFACT.name: self._artifact,
            operations.DELETE.name: self._delete,
            operations.OPENAPI.name: _openapi,
            operations.DOCS.name: _docs,
        }
        return [(_pattern(one), one, handlers[one.name]) for one in operations.OPERATIONS]

    def _list(self, _request: Request, values: Values) -> Response:
        query = ResultQuery(
            model=values["model"],
            status=values["status"],
            label=values["label"],
            arrived_from=values["from"],
            arrived_before=values["to"],
        )
        cursor = values["cursor"]
        after = None if cursor is None else Position.from_cursor(cursor)
        return Response(200, encode(self.read.page(query, values["limit"], after)))

    def _read(self, _request: Request, values: Values) -> Response:
        result = self.read.one(values["resultId"])
        if values["overlays"] == "none":
            return Response(200, encode(result))
        return _json({**to_plain(result), "overlays": self._overlays(result)})

    def _overlays(self, result: Result) -> dict[str, str]:
        drawn = [
            name
            for explanation in result.explanations
            for name in (explanation.heatmap, explanation.overlay)
            if name is not None
        ]
        return {
            name: base64.b64encode(self.read.artifact(result, name)[1]).decode()
            for name in dict.fromkeys(drawn)
        }

    def _csv(self, _request: Request, values: Values) -> Response:
        result = self.read.one(values["resultId"])
        return _attachment(
            export_csv(result, _thresholds(values)).encode(),
            "text/csv; charset=utf-8",
            f"{result.result_id}.csv",
        )

    def _coco(self, _request: Request, values: Values) -> Response:
        result = self.read.one(values["resultId"])
        body = msgspec.json.encode(export_coco(result, _thresholds(values)))
        return _attachment(body, "application/json", f"{result.result_id}.coco.json")

    def _artifact(self, request: Request, values: Values) -> Response:
        result = self.read.one(values["resultId"])
        found = result.artifact(values["name"])
        # The name of the object follows from its content (`pipeline/artifacts.py`).
        tag = f'"{found.object.rpartition("/")[2]}"' if found else ""
        headers = {"cache-control": ASK_AGAIN, "etag": tag}
        if tag and request.headers.get("if-none-match") == tag:
            return Response(304, headers=headers)
        artifact, data = self.read.artifact(result, values["name"])
        return Response(200, data, artifact.media_type, headers)

    def _delete(self, _request: Request, values: Values) -> Response:
        return Response(200, encode(self.delete(values["resultId"], source=values["source"])))


def _openapi(_request: Request, _values: Values) -> Response:
    # Only who asks for it pays for the making of it: a function starts cold for other requests.
    from dropsight.api.openapi import document  # noqa: PLC0415

    return _json(document())


def _docs(_request: Request, _values: Values) -> Response:
    from dropsight.api.docs_page import POLICY, page  # noqa: PLC0415

    return Response(
        200,
        page().encode(),
        "text/html; charset=utf-8",
        {"cache-control": "no-cache", "content-security-policy": POLICY},
    )


def _pattern(operation: Operation) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", operation.path)
    return re.compile(
        "".join(
            f"(?P<{piece}>{PARTS[piece]})" if number % 2 else re.escape(piece)
            for number, piece in enumerate(pieces)
        )
    )


def _thresholds(values: Values) -> Thresholds:
    return Thresholds(values["confidence"], values["iou"], values["labels"])


def _json(plain: Any) -> Response:
    return Response(200, msgspec.json.encode(plain))


def _attachment(body: bytes, media_type: str, name: str) -> Response:
    headers = {**NEVER_KEPT, "content-disposition": f'attachment; filename="{name}"'}
    return Response(200, body, media_type, headers)
