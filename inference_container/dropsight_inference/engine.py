"""The warm models of one process: implements `dropsight.ports.InferenceEngine`."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import numpy as np

from dropsight.domain.errors import ExplanationUnavailable, InferenceFailed, ModelUnknown
from dropsight.domain.frames import Frame, Pixels
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Finding
from dropsight.domain.wire import replace
from dropsight.ports import Attribution, InferenceEngine, Prediction
from dropsight_inference.batching import Answer, Batcher, Expected
from dropsight_inference.bundle import Model
from dropsight_inference.device import Device, Priority
from dropsight_inference.explainers import explainer
from dropsight_inference.explainers.subject import Gradients, ObjectGradients, Subject
from dropsight_inference.explainers.values import LabelQuestion, ObjectQuestion
from dropsight_inference.metrics import Metrics
from dropsight_inference.runtimes import (
    Batch,
    Differentiable,
    Outputs,
    ReadsPictures,
)
from dropsight_inference.tasks import OBJECT_TASKS, TASKS, module
from dropsight_inference.tiling import read_in_tiles, tile_around


class Engine:
    """Predictions in batches, explanations behind them, on the one device thread."""

    def __init__(
        self, models: Mapping[str, Model], batch_size: int, batch_wait_ms: float, metrics: Metrics
    ) -> None:
        self.models = models
        self._batch_size = batch_size
        self._metrics = metrics
        self._device = Device()
        self._batchers = {
            name: Batcher(
                self._device,
                self._forward_frames(model),
                self._largest_batch(model),
                batch_wait_ms / 1000,
            )
            for name, model in models.items()
        }

    def predict(self, model: str, frame: Frame, expected: Expected | None = None) -> Prediction:
        """See `InferenceEngine.predict`. Timeline: `predict.batch` (wait),
        `predict.forward`, `predict.read_outputs` (boxes and masks in source pixels).

        `expected` is what was announced for this request, if it was (see `expecting`).
        """
        found = self._model(model)
        if found.manifest.input.resize == "tile":
            return self._predict_in_tiles(found, frame, expected)
        for pixels in frame.pixels:
            found.layout.check(pixels)
        futures = self._batchers[model].submit(list(frame.pixels), expected)
        answers = [future.result() for future in futures]
        task = TASKS[found.manifest.task]
        for answer in answers:
            self._metrics.queue_seconds.labels(model).observe(answer.waited_ms / 1000)
        started = time.perf_counter()
        read = task.read([answer.row for answer in answers], found.manifest, frame)
        elapsed_ms = (time.perf_counter() - started) * 1000
        return Prediction(
            findings=read.findings,
            candidates=read.candidates,
            timeline={
                "predict.batch": round(max(answer.waited_ms for answer in answers), 3),
                "predict.forward": round(max(answer.forward_ms for answer in answers), 3),
                "predict.read_outputs": round(elapsed_ms, 3),
            },
        )

    def _predict_in_tiles(
        self, model: Model, frame: Frame, expected: Expected | None
    ) -> Prediction:
        name = model.manifest.name

        def submit(tiles: Sequence[Pixels]) -> list[Future[Answer]]:
            for pixels in tiles:
                model.layout.check(pixels)
            return self._batchers[name].submit(tiles, expected)

        # Two batches in work and two waiting: the device is never idle, and the answers of a large
        # frame are never all in memory.
        reading = read_in_tiles(frame, model.manifest, submit, 2 * self._largest_batch(model))
        self._metrics.queue_seconds.labels(name).observe(reading.waited_ms / 1000)
        return Prediction(
            findings=reading.read.findings,
            candidates=reading.read.candidates,
            timeline={
                "predict.batch": round(reading.waited_ms, 3),
                "predict.forward": round(reading.forward_ms, 3),
                "predict.read_outputs": round(reading.read_ms, 3),
            },
        )

    def predict_pictures(self, model: str, pictures: Sequence[bytes]) -> Prediction:
        """See `InferenceEngine.predict_pictures`. Not on the device thread: modules have their own
        processes, and wait for an idle one there."""
        found = self._model(model)
        if not isinstance(found.runtime, ReadsPictures):
            raise InferenceFailed(f"{model}: runtime {found.manifest.runtime!r} takes frames")
        started = time.perf_counter()
        findings = [
            finding
            for index, picture in enumerate(pictures)
            for finding in module.findings(
                found.runtime.find_objects(picture), found.manifest, index
            )
        ]
        elapsed = (time.perf_counter() - started) * 1000
        return Prediction(findings, {"predict.module": round(elapsed, 3)})

    @contextmanager
    def expecting(self, model: str) -> Iterator[InferenceEngine]:
        """Around a request for `model` that is in flight: a batch may wait for its frames.

        Use the engine that this gives for the request's own `predict`.
        """
        if model not in self._batchers:
            yield self
            return
        expected = self._batchers[model].expect()
        try:
            yield _ExpectedEngine(self, expected)
        finally:
            expected.settle()

    def explain(
        self,
        model: str,
        frame: Frame,
        method: str,
        labels: Sequence[str],
        frame_index: int,
        parameters: Mapping[str, Any],
    ) -> list[Attribution]:
        """See `InferenceEngine.explain`."""
        manifest = self._model(model).manifest
        if manifest.task != "classification":
            raise ExplanationUnavailable(
                f"method: found {method!r}, but model {model!r} is of task {manifest.task}, "
                "whose boxes and masks are its explanation; one object is explained by its number"
            )
        question = LabelQuestion(manifest, _positions(manifest, labels))
        return self._explain(model, frame, frame_index, question, method, parameters)

    def explain_object(
        self,
        model: str,
        frame: Frame,
        method: str,
        found: Finding,
        parameters: Mapping[str, Any],
    ) -> Attribution:
        """See `InferenceEngine.explain_object`."""
        manifest = self._model(model).manifest
        if manifest.task not in OBJECT_TASKS or found.box is None:
            raise ExplanationUnavailable(
                f"object: found one of model {model!r} of task {manifest.task}; explained are "
                f"objects of {', '.join(OBJECT_TASKS)}"
            )
        _positions(manifest, [found.label])
        if manifest.input.resize == "tile":
            return self._explain_in_tile(model, frame, found, method, parameters)
        question = ObjectQuestion(manifest, frame, found)
        (answer,) = self._explain(model, frame, found.frame, question, method, parameters)
        return answer

    def _explain_in_tile(
        self, model: str, frame: Frame, found: Finding, method: str, parameters: Mapping[str, Any]
    ) -> Attribution:
        """By the tile that has the object in its middle; elsewhere nothing is attributed."""
        manifest = self._model(model).manifest
        part, left, top = tile_around(frame, found, manifest.input)
        question = ObjectQuestion(manifest, part, replace(found, frame=0))
        (answer,) = self._explain(model, part, 0, question, method, parameters)
        heatmap = np.zeros(frame.pixels.shape[1:3], np.float32)
        rows, columns = answer.heatmap.shape
        heatmap[top : top + rows, left : left + columns] = answer.heatmap
        return dataclasses.replace(answer, heatmap=heatmap)

    def _explain(
        self,
        model: str,
        frame: Frame,
        frame_index: int,
        question: LabelQuestion | ObjectQuestion,
        method: str,
        parameters: Mapping[str, Any],
    ) -> list[Attribution]:
        """One attribution for each column of `question`."""
        explain = explainer(method)
        asked = self._model(model)
        if not 0 <= frame_index < len(frame.pixels):
            raise ExplanationUnavailable(
                f"frame_index: found {frame_index}, legal are 0 to {len(frame.pixels) - 1}"
            )
        pixels = frame.pixels[frame_index]
        asked.layout.check(pixels)
        gradients, local_gradients = self._gradients(asked)
        subject = Subject(
            manifest=asked.manifest,
            question=question,
            layout=asked.layout,
            pixels=pixels,
            content_box=frame.content_box,
            submit=lambda batch: self._submit_explanation(asked, batch),
            chunk=self._largest_batch(asked),
            gradients=gradients,
            local_gradients=local_gradients,
        )
        started = time.perf_counter()
        attributions = explain(subject, parameters)
        elapsed = time.perf_counter() - started
        self._metrics.explanation_seconds.labels(model, method).observe(elapsed)
        return attributions

    def has_grad_cam(self, model: str) -> bool:
        """By gradients, or by activations that the model gives out. Raises ModelUnknown."""
        found = self._model(model)
        return (
            isinstance(found.runtime, Differentiable)
            or found.manifest.outputs.activations is not None
        )

    def warm_up(self) -> None:
        """A real forward pass through every model, of one frame and of a full batch.

        Raises InferenceFailed where a model does not answer as its model.yaml says. Also imports
        the explainers that the models ask for, so that no first explanation waits for that.
        """
        for model in self.models.values():
            if isinstance(model.runtime, ReadsPictures):
                continue  # made its instances when it was loaded
            spec = model.manifest.input
            grey = np.full((spec.height, spec.width, spec.channels), 128, np.uint8)
            largest = self._largest_batch(model)
            batch = model.layout.empty(largest)
            for row in batch:
                model.layout.write(grey, row)
            for size in sorted({1, largest}):
                job = functools.partial(self._forward, model, batch[:size], "warm-up")
                self._device.submit(Priority.PREDICTION, job).result()
            for wanted in model.manifest.explanations:
                explainer(wanted.method)

    def close(self) -> None:
        """Finish what was submitted and give the models' memory back."""
        self._device.close()
        for model in self.models.values():
            model.runtime.close()

    def _model(self, name: str) -> Model:
        if name not in self.models:
            raise ModelUnknown(
                f"model: found {name!r}; this container holds {', '.join(sorted(self.models))}"
            )
        return self.models[name]

    def _largest_batch(self, model: Model) -> int:
        return min(self._batch_size, model.manifest.input.maximum_batch or self._batch_size)

    def _forward_frames(self, model: Model) -> Callable[[Sequence[Pixels]], Outputs]:
        """A forward pass over frames, for the device thread alone: one buffer serves all."""
        buffer = model.layout.empty(self._largest_batch(model))
        name = model.manifest.name

        def forward(frames: Sequence[Pixels]) -> Outputs:
            batch = buffer[: len(frames)]
            for pixels, row in zip(frames, batch, strict=True):
                model.layout.write(pixels, row)
            self._metrics.batch_size.labels(name).observe(len(frames))
            return self._forward(model, batch, "predict")

        return forward

    def _submit_explanation(self, model: Model, batch: Batch) -> Future[Outputs]:
        return self._device.submit(
            Priority.EXPLANATION, lambda: self._forward(model, batch, "explain")
        )

    def _gradients(self, model: Model) -> tuple[Gradients | None, ObjectGradients | None]:
        """Both kinds of a runtime that has them, queued behind every prediction."""
        runtime = model.runtime
        if not isinstance(runtime, Differentiable):
            return None, None
        return (
            lambda batch, labels, layer: self._device.submit(
                Priority.EXPLANATION, lambda: runtime.gradients(batch, labels, layer)
            ),
            lambda batch, score, box, layer: self._device.submit(
                Priority.EXPLANATION, lambda: runtime.local_gradients(batch, score, box, layer)
            ),
        )

    def _forward(self, model: Model, batch: Batch, purpose: str) -> Outputs:
        with self._metrics.forward_seconds.labels(model.manifest.name, purpose).time():
            outputs = model.runtime.forward(batch)
        TASKS[model.manifest.task].check(outputs, len(batch), model.manifest)
        return outputs


class _ExpectedEngine:
    """The engine, for one request that it has been told to expect."""

    def __init__(self, engine: Engine, expected: Expected) -> None:
        self._engine = engine
        self._expected = expected

    def predict(self, model: str, frame: Frame) -> Prediction:
        return self._engine.predict(model, frame, self._expected)

    def predict_pictures(self, model: str, pictures: Sequence[bytes]) -> Prediction:
        return self._engine.predict_pictures(model, pictures)

    def explain(
        self,
        model: str,
        frame: Frame,
        method: str,
        labels: Sequence[str],
        frame_index: int,
        parameters: Mapping[str, Any],
    ) -> list[Attribution]:
        return self._engine.explain(model, frame, method, labels, frame_index, parameters)

    def explain_object(
        self,
        model: str,
        frame: Frame,
        method: str,
        found: Finding,
        parameters: Mapping[str, Any],
    ) -> Attribution:
        return self._engine.explain_object(model, frame, method, found, parameters)


def _positions(manifest: Manifest, labels: Sequence[str]) -> list[int]:
    known = [label.id for label in manifest.labels]
    for label in labels:
        if label not in known:
            raise ExplanationUnavailable(
                f"labels: found {label!r}, legal for {manifest.name} are {', '.join(known)}"
            )
    return [known.index(label) for label in labels]
