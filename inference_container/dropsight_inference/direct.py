"""`POST /v1/models/{model}:predict`: a file in, the result document out, nothing stored.

For people who want an answer now. The same decoding, de-identification, model and explanations as
for a file in the landing bucket; the document has no artifacts, overlays are inline when asked.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.identity import result_id
from dropsight.domain.manifests import ExplanationSpec, Manifest
from dropsight.domain.progress import mark_explained, mark_predicted
from dropsight.domain.results import Explanation, Finding, ModelReference, Result, Source
from dropsight.domain.wire import replace, to_plain
from dropsight.imaging.overlays import Caption, render_explanation
from dropsight.imaging.png import encode_png
from dropsight.imaging.policy import ImagingPolicy
from dropsight.pipeline import object_overlay
from dropsight.pipeline.predict import plan_explanations
from dropsight.pipeline.routing import model_named
from dropsight.pipeline.stopwatch import Stopwatch
from dropsight.ports import InferenceEngine, Prediction
from dropsight_inference.bodies import read_file
from dropsight_inference.service import Service

if TYPE_CHECKING:
    from dropsight.imaging.prepare import Prepared, Upload

Method = Literal["grad-cam", "lime"]

BUCKET = "direct"
"""Stands in the document for a bucket: the file came in the request. Its name is its SHA-256."""
METHODS: dict[str, tuple[Method, ...]] = {
    "none": (),
    "grad-cam": ("grad-cam",),
    "lime": ("lime",),
    "all": ("grad-cam", "lime"),
}


@dataclass(frozen=True)
class Question:
    """What the query asks for."""

    methods: tuple[Method, ...]
    overlays: bool


class DirectEndpoint:
    def __init__(self, service: Service) -> None:
        self._service = service

    async def predict(self, request: Request) -> Response:
        """Query: `explain` none (default), grad-cam, lime or all; `overlays=base64`."""
        service = self._service
        manifest = model_named(request.path_params["model"], service.manifests, service.left_out)
        question = _question(request, manifest, service.engine.has_grad_cam(manifest.name))
        with service.predictions.enter():
            data = await read_file(request, service.settings.budgets.bytes)
            with service.engine.expecting(manifest.name) as engine:
                call = Call(manifest, question, service.policy, engine)
                body = await anyio.to_thread.run_sync(
                    call.answer, data, limiter=service.prediction_threads
                )
        return Response(body, media_type="application/json")


@dataclass(frozen=True)
class Call:
    """One request, answered on a worker thread."""

    manifest: Manifest
    question: Question
    policy: ImagingPolicy
    engine: InferenceEngine

    def answer(self, data: bytes) -> bytes:
        """UTF-8 JSON: the result document, and `overlays` by name where they were asked for."""
        # The decoders weigh much, and a container that only gets prepared frames never needs them.
        from dropsight.imaging.prepare import open_upload, prepare  # noqa: PLC0415

        watch = Stopwatch()
        with watch("ingest.prepare"):
            upload = open_upload(data, self.policy)
            prepared = prepare(upload, self.manifest, self.policy)
        prediction = self._predict(prepared)
        draws_objects = self.manifest.task != "classification"
        pending = (
            plan_explanations(self._asking(), prediction.findings)
            if self.question.overlays or not draws_objects
            else []
        )
        timeline = watch.timeline | prediction.timeline
        now = time.time()
        opened = _document(self.manifest, upload, prepared, now)
        result = (
            mark_predicted(
                opened, prediction.findings, pending, timeline, now, prediction.candidates
            )
            or opened
        )
        explaining = Stopwatch()
        pictures: dict[str, str] = {}
        answers = self._explain(result, prepared, explaining, pictures)
        result = mark_explained(result, answers, [], explaining.timeline, time.time()) or result
        document: dict[str, Any] = to_plain(result)
        if self.question.overlays:
            document["overlays"] = pictures
        return msgspec.json.encode(document)

    def _predict(self, prepared: Prepared) -> Prediction:
        if self.manifest.task == "module":
            pictures = [encode_png(display) for display in prepared.display]
            return self.engine.predict_pictures(self.manifest.name, pictures)
        return self.engine.predict(self.manifest.name, prepared.frame)

    def _asking(self) -> Manifest:
        """The manifest with the methods of the question in place of its own."""
        known = {spec.method: spec for spec in self.manifest.explanations}
        asked = [
            known.get(method, ExplanationSpec(method=method)) for method in self.question.methods
        ]
        return replace(self.manifest, explanations=asked)

    def _explain(
        self,
        result: Result,
        prepared: Prepared,
        watch: Stopwatch,
        pictures: dict[str, str],
    ) -> list[Explanation]:
        """Answer what is pending; overlays go to `pictures`, base64 PNG by name."""
        parameters: dict[str, dict[str, Any]] = {
            spec.method: spec.parameters for spec in self._asking().explanations
        }
        probabilities = {(f.label, f.frame): f.probability for f in result.findings}
        answers = []
        for method, frame in dict.fromkeys((e.method, e.frame) for e in result.explanations):
            waiting = [e for e in result.explanations if (e.method, e.frame) == (method, frame)]
            if method == object_overlay.METHOD:
                with watch(f"explain.{method}.render"):
                    answers += [
                        self._draw_objects(one, result.findings, prepared, pictures)
                        for one in waiting
                    ]
                continue
            labels = [e.label for e in waiting]
            with watch(f"explain.{method}.compute"):
                attributions = self.engine.explain(
                    self.manifest.name, prepared.frame, method, labels, frame, parameters[method]
                )
            for explanation, found in zip(waiting, attributions, strict=True):
                answered = replace(
                    explanation,
                    status="done",
                    parameters=found.parameters,
                    seed=found.seed,
                    fidelity=found.fidelity,
                )
                if self.question.overlays:
                    caption = Caption(
                        self.manifest.label(found.label).display_name(),
                        probabilities.get((found.label, frame)),
                        method,
                        found.fidelity,
                    )
                    with watch(f"explain.{method}.render"):
                        drawn = render_explanation(
                            prepared.display[frame],
                            found.heatmap,
                            prepared.frame.content_box,
                            caption,
                        )
                    stem = f"{method}-{found.label}-{frame}"
                    answered = replace(
                        answered, heatmap=f"heatmap-{stem}", overlay=f"overlay-{stem}"
                    )
                    pictures[f"heatmap-{stem}"] = base64.b64encode(drawn.heatmap).decode()
                    pictures[f"overlay-{stem}"] = base64.b64encode(drawn.overlay).decode()
                answers.append(answered)
        return answers

    def _draw_objects(
        self,
        explanation: Explanation,
        findings: Sequence[Finding],
        prepared: Prepared,
        pictures: dict[str, str],
    ) -> Explanation:
        frame = explanation.frame
        drawn, parameters = object_overlay.draw_overlay(
            prepared.display[frame], findings, self.manifest, frame
        )
        name = f"overlay-{explanation.label}-{frame}"
        pictures[name] = base64.b64encode(drawn).decode()
        return replace(explanation, status="done", overlay=name, parameters=parameters)


def _question(request: Request, manifest: Manifest, has_grad_cam: bool) -> Question:
    explain = request.query_params.get("explain", "none")
    if explain not in METHODS:
        raise MessageInvalid(f"explain: found {explain!r}, legal are {', '.join(METHODS)}")
    overlays = request.query_params.get("overlays", "none")
    if overlays not in ("none", "base64"):
        raise MessageInvalid(f"overlays: found {overlays!r}, legal are none, base64")
    methods = METHODS[explain]
    if manifest.task != "classification":
        methods = ()  # its boxes and masks are its explanation
    elif explain == "all" and not has_grad_cam:
        methods = ("lime",)  # all that this model can answer
    return Question(methods, overlays == "base64")


def _document(manifest: Manifest, upload: Upload, prepared: Prepared, now: float) -> Result:
    """As ingest writes it, `queued`."""
    digest = hashlib.sha256(upload.data).hexdigest()
    return Result(
        result_id=result_id(BUCKET, digest, 0, manifest.digest, manifest.explanation_digest),
        status="queued",
        timestamps={"queued": now},
        source=Source(
            bucket=BUCKET,
            object=digest,
            generation=0,
            size=len(upload.data),
            sha256=digest,
            format=upload.format,
            transfer_syntax=upload.transfer_syntax,
        ),
        model=ModelReference(
            name=manifest.name,
            version=manifest.version,
            digest=manifest.digest,
            runtime=manifest.runtime,
            task=manifest.task,
            labels=[label.id for label in manifest.labels],
        ),
        study=prepared.study,
        provenance=prepared.frame.provenance,
        frames=len(prepared.frame.pixels),
        width=prepared.width,
        height=prepared.height,
    )
