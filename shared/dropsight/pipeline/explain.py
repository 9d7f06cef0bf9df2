"""Third step: why. Never delays a prediction: the engine gives way between chunks."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from dropsight.domain.changes import after_explain
from dropsight.domain.errors import ExplanationUnavailable, PermanentError
from dropsight.domain.events import ExplanationRequested
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.progress import (
    asked_for,
    claim,
    delivery_owner,
    error_record,
    explain_stage,
    mark_explained,
    mark_explanations_failed,
)
from dropsight.domain.results import Artifact, Explanation, Finding, Result
from dropsight.imaging.object_overlay import draw_box
from dropsight.imaging.overlays import Caption, render_explanation
from dropsight.pipeline import object_overlay
from dropsight.pipeline.announce import Announce, nobody_listens
from dropsight.pipeline.artifacts import erase_artifacts, write_artifact
from dropsight.pipeline.leases import given_back
from dropsight.pipeline.routing import Models, model_named
from dropsight.pipeline.stopwatch import Stopwatch
from dropsight.ports import Attribution, InferenceEngine, ObjectStore, ResultStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Explain:
    """What the step needs, built once by the entry point."""

    objects: ObjectStore
    results: ResultStore
    engine: InferenceEngine
    models: Models
    results_bucket: str
    process: str
    """Name of this process in leases."""
    lease_s: float
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Models that are not served here, and why."""
    announce: Announce = nobody_listens

    def __call__(self, request: ExplanationRequested) -> Result | None:
        """Answer one method for its labels; the last one settles the result as `explained`.

        Where it has been deleted, before or meanwhile, no file of it stays; None where not even its
        document is left. Raises TransientError.
        """
        result = self._answer(request)
        if result is not None and result.is_deleted:
            erase_artifacts(self.objects, self.results_bucket, request.result_id)
        elif result is not None:
            self.announce(after_explain(result))
        return result

    def _answer(self, request: ExplanationRequested) -> Result | None:
        stage = explain_stage(request.method, request.frame_index, request.object_index)
        watch = Stopwatch()
        owner = delivery_owner(self.process)
        try:
            result = self.results.update(
                request.result_id,
                lambda r: (
                    claim(r, stage, owner, time.time(), self.lease_s)
                    if _is_pending(r, request)
                    else None
                ),
            )
        except KeyError:
            return None
        if not _is_pending(result, request):
            return result
        try:
            with given_back(self.results, request.result_id, stage, owner):
                return self._explain(result, request, stage, watch)
        except PermanentError as error:
            record = error_record(error, "explain")
            log.info("not explained", extra={"result_id": request.result_id, "code": error.code})
            return self.results.update(
                request.result_id,
                lambda r: mark_explanations_failed(r, request, record, time.time()),
            )

    def _explain(
        self, result: Result, request: ExplanationRequested, stage: str, watch: Stopwatch
    ) -> Result:
        manifest = model_named(request.model, self.models, self.left_out)
        if request.method == object_overlay.METHOD:
            with watch(f"{stage}.render"):
                answers, artifacts = self._draw_objects(result, request, manifest)
        else:
            with watch(f"{stage}.compute"):
                frame = self._read_frame(request)
                attributions = self._attribute(result, request, frame)
            with watch(f"{stage}.render"):
                answers, artifacts = self._draw(result, request, manifest, frame, attributions)
        changed = self.results.update(
            request.result_id,
            lambda r: mark_explained(r, answers, artifacts, watch.timeline, time.time()),
        )
        log.info("explained", extra={"result_id": request.result_id, "timeline": watch.timeline})
        return changed

    def _attribute(
        self, result: Result, request: ExplanationRequested, frame: Frame
    ) -> list[Attribution]:
        if request.object_index is None:
            return self.engine.explain(
                request.model,
                frame,
                request.method,
                request.labels,
                request.frame_index,
                request.parameters,
            )
        found = _object(result, request.frame_index, request.object_index)
        return [
            self.engine.explain_object(
                request.model, frame, request.method, found, request.parameters
            )
        ]

    def _read_frame(self, request: ExplanationRequested) -> Frame:
        reference = request.frame
        stored = self.objects.read(reference.bucket, reference.name, reference.generation)
        return Frame.from_bytes(stored)

    def _draw_objects(
        self, result: Result, request: ExplanationRequested, manifest: Manifest
    ) -> tuple[list[Explanation], list[Artifact]]:
        """The overlay of boxes and masks, which needs no model."""
        frame = request.frame_index
        drawn, parameters = object_overlay.draw_overlay(
            object_overlay.read_display(self.objects, result, frame),
            result.findings,
            manifest,
            frame,
        )
        overlay = self._write(result, f"overlay-{object_overlay.LABEL}-{frame}", drawn)
        answers = [
            Explanation(
                method=request.method,
                label=label,
                frame=frame,
                status="done",
                overlay=overlay.name,
                parameters=parameters,
            )
            for label in request.labels
        ]
        return answers, [overlay]

    def _draw(
        self,
        result: Result,
        request: ExplanationRequested,
        manifest: Manifest,
        frame: Frame,
        attributions: list[Attribution],
    ) -> tuple[list[Explanation], list[Artifact]]:
        """Draw each attribution on the source-sized picture and store what was drawn."""
        display = object_overlay.read_display(self.objects, result, request.frame_index)
        probabilities = {
            f.label: f.probability for f in result.findings if f.frame == request.frame_index
        }
        answers: list[Explanation] = []
        artifacts: list[Artifact] = []
        for attribution in attributions:
            name = manifest.label(attribution.label).display_name()
            stem = f"{request.method}-{attribution.label}-{request.frame_index}"
            probability = probabilities.get(attribution.label)
            if request.object_index is not None:
                found = _object(result, request.frame_index, request.object_index)
                # A score is no probability, so it is written as the number that it is.
                name = f"{name}, object {request.object_index}, score {found.score or 0.0:.2f}"
                stem, probability = f"{stem}-object-{request.object_index}", None
                display = draw_box(display, found, manifest.colors[found.label])
            caption = Caption(name, probability, request.method, attribution.fidelity)
            drawn = render_explanation(display, attribution.heatmap, frame.content_box, caption)
            heatmap = self._write(result, f"heatmap-{stem}", drawn.heatmap)
            overlay = self._write(result, f"overlay-{stem}", drawn.overlay)
            artifacts.extend((heatmap, overlay))
            answers.append(
                Explanation(
                    method=request.method,
                    label=attribution.label,
                    frame=request.frame_index,
                    object_index=request.object_index,
                    status="done",
                    heatmap=heatmap.name,
                    overlay=overlay.name,
                    parameters={**attribution.parameters, "maximum": drawn.maximum},
                    seed=attribution.seed,
                    fidelity=attribution.fidelity,
                )
            )
        return answers, artifacts

    def _write(self, result: Result, name: str, data: bytes) -> Artifact:
        return write_artifact(self.objects, self.results_bucket, result.result_id, name, data)


def _object(result: Result, frame: int, number: int) -> Finding:
    objects = result.objects_of(frame)
    if not 0 <= number < len(objects):
        raise ExplanationUnavailable(
            f"object_index: found {number}, but frame {frame} of result {result.result_id} has "
            f"{len(objects)} objects, numbered from 0"
        )
    return objects[number]


def _is_pending(result: Result, request: ExplanationRequested) -> bool:
    return any(one.status == "pending" for one in asked_for(result, request))
