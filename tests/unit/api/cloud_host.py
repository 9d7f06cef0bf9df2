"""The API as the cloud has it, over stores in memory, for one caller after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dropsight.api.handlers import Handlers
from dropsight.api.messages import Request, Response
from dropsight.api.results_api import ResultsApi
from dropsight.domain.callers import Caller
from dropsight.domain.errors import Unauthenticated
from dropsight.domain.manifests import ArtifactFile, InputSpec, Label, Manifest
from dropsight.domain.results import ModelReference, Result, Source
from dropsight.pipeline.artifacts import write_artifact
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.feedback import GiveFeedback
from dropsight.pipeline.request_explanation import RequestExplanation
from dropsight.pipeline.results import ReadResults
from dropsight.pipeline.uploads import OpenUpload
from dropsight.ports import SignedDownloads, SignedUpload
from dropsight.settings import Budgets, Settings
from tests.fakes import (
    MemoryDeadLetterStore,
    MemoryFeedbackStore,
    MemoryObjectStore,
    MemoryPublisher,
    MemoryResultStore,
)

READER = Caller("reader", "Ada", frozenset({"north"}))
ADMIN = Caller("admin", "Grace", frozenset({"north"}), admin=True)
OTHERS_ADMIN = Caller("other", "Eve", frozenset({"south"}), admin=True)
NOBODY = Caller("nobody")


class Signer:
    """Addresses that say what they are for; `tests/contract/test_signed_addresses.py` has the real
    one."""

    def __init__(self) -> None:
        self.uploads = 0

    def upload(self, bucket: str, name: str, size: int, content_type: str) -> SignedUpload:
        self.uploads += 1
        headers = {"content-type": content_type, "x-size": str(size)}
        return SignedUpload("POST", f"https://signed/{bucket}/{name}", headers, 1000.25)

    def downloads(self, objects: Sequence[tuple[str, str]]) -> SignedDownloads:
        return SignedDownloads([f"https://signed/{b}/{name}" for b, name in objects], 2000.0)


def manifest(name: str) -> Manifest:
    return Manifest(
        name=name,
        version="1",
        task="classification",
        runtime="onnx",
        artifact=ArtifactFile(path="m.onnx", sha256="0" * 64),
        input=InputSpec(width=4, height=4, channels=1),
        labels=[Label(id="viral")],
        licence="Apache-2.0",
        intended_use="tests",
    )


class CloudHost:
    """Result `film` is of the project `north`, by the route `cxr`; `cells` is of `south`."""

    def __init__(self) -> None:
        self.objects, self.results = MemoryObjectStore(), MemoryResultStore()
        self.feedback, self.signer = MemoryFeedbackStore(), Signer()
        self.publisher = MemoryPublisher()
        self.caller: Caller | None = READER
        self.resumed = 0
        settings = Settings(
            routes={"cxr": "chest", "old": "gone"},
            projects={"cxr": "north", "cells": "south"},
            budgets=Budgets(bytes=1000),
        )
        models = {"chest": manifest("chest"), "cells": manifest("cells")}
        reading = ReadResults(self.results, self.objects)
        delete = Delete(
            self.objects, self.results, MemoryDeadLetterStore(), self.feedback, "work", "results"
        )
        self.api = ResultsApi(
            Handlers(
                reading,
                delete,
                GiveFeedback(self.feedback, self.results),
                OpenUpload(self.signer, lambda: models, settings),
                self.signer,
                explain=lambda: RequestExplanation(
                    self.objects, self.results, self.publisher, models, "work"
                ),
            ),
            self._admit,
            self._resume,
        )
        picture = write_artifact(self.objects, "results", "film", "display-0", b"film")
        self.results.create(
            Result(
                result_id="film",
                status="explained",
                project="north",
                timestamps={"queued": 60.0},
                source=Source(bucket="landing", object="cxr/film.dcm", generation=1),
                model=ModelReference(
                    name="chest",
                    version="1",
                    digest="d",
                    runtime="onnx",
                    task="classification",
                    labels=["viral"],
                ),
                artifacts=[picture],
            )
        )
        self.results.create(
            Result(
                result_id="slide",
                status="queued",
                project="south",
                timestamps={"queued": 120.0},
                source=Source(bucket="landing", object="cells/slide.tif", generation=2),
            )
        )

    def _admit(self, _request: Request) -> Caller:
        if self.caller is None:
            raise Unauthenticated("who are you?")
        return self.caller

    def _resume(self) -> None:
        self.resumed += 1

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        path, _, query = target.partition("?")
        given = dict(one.split("=", 1) for one in query.split("&")) if query else {}
        sent = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        kind = {} if body is None else {"content-type": "application/json"}
        return self.api(Request(method, path, given, {**kind, **(headers or {})}, body=sent))

    def told(self, method: str, target: str, body: Any = None) -> tuple[int, Any]:
        answer = self.ask(method, target, body)
        return answer.status, json.loads(answer.body)
