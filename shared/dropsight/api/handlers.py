"""What is answered at each endpoint, once it is known who asks."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dropsight.api import page_operations
from dropsight.api import result_operations as operations
from dropsight.api.bodies import ExplainRequest, FeedbackRequest, UploadRequest, read_body
from dropsight.api.messages import NEVER_KEPT, Request, Response
from dropsight.domain.callers import Caller
from dropsight.domain.errors import AccessRefused, AddressUnknown
from dropsight.domain.exports import Thresholds, export_coco, export_csv
from dropsight.domain.feedback import Author
from dropsight.domain.queries import Position, ResultQuery
from dropsight.domain.results import Result
from dropsight.domain.wire import encode, to_plain
from dropsight.pipeline.addresses import addresses_of
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.feedback import GiveFeedback
from dropsight.pipeline.request_explanation import RequestExplanation
from dropsight.pipeline.results import ReadResults
from dropsight.pipeline.uploads import OpenUpload
from dropsight.ports import AddressSigner

log = logging.getLogger(__name__)

ASK_AGAIN = "private, no-cache"
"""A browser may keep the picture, and asks each time whether it is still the one (ETag)."""


@dataclass(frozen=True)
class Asked:
    """One request that was admitted."""

    caller: Caller
    request: Request
    values: Mapping[str, Any]
    """Parts of the path and parameters, as the operation reads them."""


Handler = Callable[[Asked], Response]


@dataclass(frozen=True)
class Handlers:
    """What the endpoints need, built once by the entry point. May be used by many threads."""

    read: ReadResults
    delete: Delete
    feedback: GiveFeedback
    uploads: OpenUpload | None = None
    """None where files are not uploaded by address: on a laptop."""
    signer: AddressSigner | None = None
    """None where pictures are read from the API itself."""
    explain: Callable[[], RequestExplanation] = field(kw_only=True)
    """Called when an explanation is asked for: only that needs the manifests of all models."""

    def table(self) -> dict[str, Handler]:
        """By operationId."""
        return {
            operations.LIST.name: self._list,
            operations.READ.name: self._read,
            operations.CSV.name: self._csv,
            operations.AS_COCO.name: self._coco,
            operations.ARTIFACT.name: self._artifact,
            page_operations.ADDRESSES.name: self._addresses,
            page_operations.EXPLAIN.name: self._explain,
            page_operations.READ_FEEDBACK.name: self._read_feedback,
            page_operations.GIVE_FEEDBACK.name: self._give_feedback,
            page_operations.OPEN_UPLOAD.name: self._open_upload,
            operations.DELETE.name: self._delete,
            operations.OPENAPI.name: _openapi,
            operations.DOCS.name: _docs,
        }

    def _one(self, asked: Asked) -> Result:
        return self.read.one(asked.values["resultId"], asked.caller)

    def _list(self, asked: Asked) -> Response:
        values = asked.values
        query = ResultQuery(
            model=values["model"],
            status=values["status"],
            label=values["label"],
            arrived_from=values["from"],
            arrived_before=values["to"],
            projects=_projects(asked.caller, values["project"]),
        )
        cursor = values["cursor"]
        after = None if cursor is None else Position.from_cursor(cursor)
        return Response(200, encode(self.read.page(query, values["limit"], after)))

    def _read(self, asked: Asked) -> Response:
        result = self._one(asked)
        if asked.values["overlays"] == "none":
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

    def _csv(self, asked: Asked) -> Response:
        result = self._one(asked)
        return _attachment(
            export_csv(result, _thresholds(asked.values)).encode(),
            "text/csv; charset=utf-8",
            f"{result.result_id}.csv",
        )

    def _coco(self, asked: Asked) -> Response:
        result = self._one(asked)
        body = msgspec.json.encode(export_coco(result, _thresholds(asked.values)))
        return _attachment(body, "application/json", f"{result.result_id}.coco.json")

    def _artifact(self, asked: Asked) -> Response:
        result, name = self._one(asked), asked.values["name"]
        found = result.artifact(name)
        # The name of the object follows from its content (`pipeline/artifacts.py`).
        tag = f'"{found.object.rpartition("/")[2]}"' if found else ""
        headers = {"cache-control": ASK_AGAIN, "etag": tag}
        if tag and asked.request.headers.get("if-none-match") == tag:
            return Response(304, headers=headers)
        artifact, data = self.read.artifact(result, name)
        return Response(200, data, artifact.media_type, headers)

    def _addresses(self, asked: Asked) -> Response:
        return Response(200, encode(addresses_of(self._one(asked), self.signer)))

    def _explain(self, asked: Asked) -> Response:
        result = self._one(asked)
        wanted = read_body(asked.request, ExplainRequest)
        entry = self.explain()(
            result.result_id,
            wanted.method,
            label=wanted.label,
            object_index=wanted.object,
            frame=wanted.frame,
        )
        return Response(202 if entry.status == "pending" else 200, encode(entry))

    def _read_feedback(self, asked: Asked) -> Response:
        return Response(200, encode(self.feedback.of(self._one(asked))))

    def _give_feedback(self, asked: Asked) -> Response:
        result = self._one(asked)
        given = read_body(asked.request, FeedbackRequest)
        author = Author(uid=asked.caller.uid, name=asked.caller.name)
        said = self.feedback(result, given.verdict, given.comment, given.label, author)
        return Response(201, encode(said))

    def _open_upload(self, asked: Asked) -> Response:
        if self.uploads is None:
            raise AddressUnknown(
                "/v1/uploads: is there in the cloud only; on a laptop put the file into a folder "
                "of bucket/, or drop it on the page"
            )
        given = read_body(asked.request, UploadRequest)
        address = self.uploads(
            name=given.name,
            route=given.route,
            size=given.size,
            content_type=given.content_type,
            projects=asked.caller.projects,
        )
        return Response(201, encode(address))

    def _delete(self, asked: Asked) -> Response:
        identity = asked.values["resultId"]
        self.read.visible(identity, asked.caller)
        if not asked.caller.admin:
            raise AccessRefused(
                f"result {identity}: only administrators delete (claim `admin` of the token)"
            )
        log.info("deletion asked", extra={"result_id": identity, "caller": asked.caller.uid})
        return Response(200, encode(self.delete(identity, source=asked.values["source"])))


def _projects(caller: Caller, asked: str | None) -> tuple[str, ...] | None:
    """Those that are listed; None: all."""
    if asked is not None:
        return (asked,) if caller.sees(asked) else ()
    return None if caller.projects is None else tuple(sorted(caller.projects))


def _openapi(_asked: Asked) -> Response:
    # Only who asks for it pays for the making of it: a function starts cold for other requests.
    from dropsight.api.openapi import document  # noqa: PLC0415

    return _json(document())


def _docs(_asked: Asked) -> Response:
    from dropsight.api.docs_page import POLICY, page  # noqa: PLC0415

    return Response(
        200,
        page().encode(),
        "text/html; charset=utf-8",
        {"cache-control": "no-cache", "content-security-policy": POLICY},
    )


def _thresholds(values: Mapping[str, Any]) -> Thresholds:
    return Thresholds(values["confidence"], values["iou"], values["labels"])


def _json(plain: Any) -> Response:
    return Response(200, msgspec.json.encode(plain))


def _attachment(body: bytes, media_type: str, name: str) -> Response:
    headers = {**NEVER_KEPT, "content-disposition": f'attachment; filename="{name}"'}
    return Response(200, body, media_type, headers)
