"""Second step: findings. Clients see them at once; the reasons follow by messages of their own."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dropsight.domain.changes import after_predict
from dropsight.domain.errors import ObjectGone, PermanentError
from dropsight.domain.events import PredictionRequested
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import ExplanationSpec, Manifest
from dropsight.domain.progress import (
    claim,
    delivery_owner,
    error_record,
    mark_failed,
    mark_predicted,
)
from dropsight.domain.results import Explanation, Finding, Result
from dropsight.pipeline import object_overlay
from dropsight.pipeline.announce import Announce, nobody_listens
from dropsight.pipeline.artifacts import display_name
from dropsight.pipeline.leases import given_back
from dropsight.pipeline.request_explanation import publish_pending
from dropsight.pipeline.routing import Models, model_named
from dropsight.pipeline.stopwatch import Stopwatch
from dropsight.ports import InferenceEngine, MessagePublisher, ObjectStore, Prediction, ResultStore

log = logging.getLogger(__name__)

STAGE = "predict"


@dataclass(frozen=True)
class Predict:
    """What the step needs, built once by the entry point."""

    objects: ObjectStore
    results: ResultStore
    publisher: MessagePublisher
    engine: InferenceEngine
    models: Models
    process: str
    """Name of this process in leases."""
    lease_s: float
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Models that are not served here, and why."""
    announce: Announce = nobody_listens

    def __call__(self, request: PredictionRequested) -> Result | None:
        """Take one frame as far as `predicted` (or `failed`); returns its result.

        A result that has been deleted meanwhile stays deleted; None where not even its document is
        left. Raises TransientError.
        """
        result = self._answer(request)
        if result is not None:
            self.announce(after_predict(result))
        return result

    def _answer(self, request: PredictionRequested) -> Result | None:
        watch = Stopwatch()
        owner = delivery_owner(self.process)
        watch.add({"predict.wait": max(0.0, time.time() - request.requested_at) * 1000})
        try:
            result = self.results.update(request.result_id, lambda r: self._claim(r, owner))
        except KeyError:
            return None
        if result.status != "queued":
            # Delivered before. If the explanations were not requested then, they are now.
            self._request_explanations(result, request)
            return result
        try:
            with given_back(self.results, request.result_id, STAGE, owner):
                result = self._predict(request, watch)
        except PermanentError as error:
            failed = error_record(error, STAGE)
            log.info("failed", extra={"result_id": request.result_id, "code": error.code})
            return self.results.update(
                request.result_id, lambda r: mark_failed(r, failed, time.time())
            )
        self._request_explanations(result, request)
        return result

    def _predict(self, request: PredictionRequested, watch: Stopwatch) -> Result:
        manifest = model_named(request.model, self.models, self.left_out)
        prediction = (
            self._ask_module(request, watch)
            if manifest.task == "module"
            else self._ask_network(request, watch)
        )
        timeline = watch.timeline | prediction.timeline
        pending = plan_explanations(manifest, prediction.findings)
        result = self.results.update(
            request.result_id,
            lambda r: mark_predicted(
                r, prediction.findings, pending, timeline, time.time(), prediction.candidates
            ),
        )
        log.info("predicted", extra={"result_id": request.result_id, "timeline": timeline})
        return result

    def _ask_network(self, request: PredictionRequested, watch: Stopwatch) -> Prediction:
        with watch("predict.read"):
            stored = self.objects.read(
                request.frame.bucket, request.frame.name, request.frame.generation
            )
            frame = Frame.from_bytes(stored)
        with watch("predict.forward"):
            return self.engine.predict(request.model, frame)

    def _ask_module(self, request: PredictionRequested, watch: Stopwatch) -> Prediction:
        """A module reads pictures as people see them, in the size of the source."""
        with watch("predict.read"):
            result = self.results.get(request.result_id)
            names = [display_name(index) for index in range(result.frames if result else 0)]
            shown = [result.artifact(name) if result else None for name in names]
            pictures = [self.objects.read(one.bucket, one.object) for one in shown if one]
            if not pictures or len(pictures) < len(names):
                raise ObjectGone(
                    f"artifacts {', '.join(names)}: not all are stored with the result, so there "
                    "is no picture to look at; drop the file again"
                )
        with watch("predict.forward"):
            return self.engine.predict_pictures(request.model, pictures)

    def _claim(self, result: Result, owner: str) -> Result | None:
        if result.status != "queued":
            return None
        return claim(result, STAGE, owner, time.time(), self.lease_s)

    def _request_explanations(self, result: Result, request: PredictionRequested) -> None:
        if any(one.status == "pending" for one in result.explanations):
            manifest = model_named(request.model, self.models, self.left_out)
            publish_pending(
                self.publisher, result.result_id, result.explanations, manifest, request.frame
            )


def plan_explanations(manifest: Manifest, findings: Sequence[Finding]) -> list[Explanation]:
    """The pending explanations that the model's defaults ask for.

    Each label is explained on the frame that shows it best. Of objects the boxes and masks are the
    explanation: their overlays are drawn by the second stage too, so that nobody waits for them
    before seeing the findings. Why one object was found is answered on request.
    """
    if manifest.task != "classification":
        return object_overlay.plan_overlays(findings)
    best: dict[str, Finding] = {}
    for finding in findings:
        if finding.label not in best or finding.probability > best[finding.label].probability:
            best[finding.label] = finding
    return [
        Explanation(method=spec.method, label=target.label, frame=target.frame)
        for spec in manifest.explanations
        for target in _targets(spec, list(best.values()))
    ]


def _targets(spec: ExplanationSpec, best: list[Finding]) -> list[Finding]:
    top = sorted(best, key=lambda finding: -finding.probability)[:1]
    if spec.labels == "all":
        return best
    if spec.labels == "top":
        return top
    return [finding for finding in best if finding.positive] or top
