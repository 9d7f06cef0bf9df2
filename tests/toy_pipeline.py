"""The three steps with a model whose answers follow from the pixels, over any backend."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from dropsight.adapters.backend import Backend
from dropsight.domain.errors import ExplanationUnavailable, InferenceFailed
from dropsight.domain.events import ObjectFinalized
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import (
    Accepts,
    ArtifactFile,
    ExplanationSpec,
    InputSpec,
    Label,
    Manifest,
)
from dropsight.domain.results import Finding
from dropsight.imaging.policy import ImagingPolicy
from dropsight.pipeline.dead_letter import RecordDeadLetter
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.explain import Explain
from dropsight.pipeline.ingest import Ingest
from dropsight.pipeline.predict import Predict
from dropsight.ports import Attribution, Prediction
from dropsight.settings import Settings

MANIFEST = Manifest(
    name="toy",
    version="1",
    task="classification",
    runtime="onnx",
    artifact=ArtifactFile(path="m.onnx", sha256="0" * 64),
    input=InputSpec(width=8, height=8, channels=1),
    accepts=Accepts(minimum_size=(16, 16)),
    labels=[Label(id="bright"), Label(id="dark")],
    explanations=[ExplanationSpec(method="grad-cam"), ExplanationSpec(method="lime")],
    licence="Apache-2.0",
    intended_use="tests",
)


@dataclass
class BrightnessEngine:
    """An engine whose answers follow from the pixels: bright with the mean intensity."""

    forwards: int = 0
    fail_with: Exception | None = None
    before: Callable[[], None] = field(default=lambda: None)

    def predict(self, model: str, frame: Frame) -> Prediction:
        self.forwards += 1
        self.before()
        if self.fail_with is not None:
            raise self.fail_with
        mean = float(frame.pixels.mean()) / frame.full_scale
        return Prediction(
            [
                Finding(label="bright", probability=mean, positive=mean >= 0.5),
                Finding(label="dark", probability=1 - mean, positive=1 - mean > 0.5),
            ]
        )

    def predict_pictures(self, model: str, pictures: Sequence[bytes]) -> Prediction:
        raise InferenceFailed(f"{model} takes frames")

    def explain(
        self,
        model: str,
        frame: Frame,
        method: str,
        labels: Sequence[str],
        frame_index: int,
        parameters: Mapping[str, Any],
    ) -> list[Attribution]:
        if self.fail_with is not None:
            raise self.fail_with
        heatmap = frame.pixels[frame_index, :, :, 0].astype(np.float32)
        return [Attribution(label=label, heatmap=heatmap) for label in labels]

    def explain_object(
        self, model: str, frame: Frame, method: str, found: Finding, parameters: Mapping[str, Any]
    ) -> Attribution:
        raise ExplanationUnavailable(f"{model} classifies")


@dataclass
class ToyPipeline:
    settings: Settings
    backend: Backend
    engine: BrightnessEngine

    @property
    def ingest(self) -> Ingest:
        return Ingest(
            objects=self.backend.objects,
            results=self.backend.results,
            publisher=self.backend.publisher,
            models={"toy": MANIFEST},
            settings=self.settings,
            policy=ImagingPolicy(b"0123456789abcdef", self.settings.budgets),
            process="ingest-test",
        )

    @property
    def predict(self) -> Predict:
        return Predict(
            objects=self.backend.objects,
            results=self.backend.results,
            publisher=self.backend.publisher,
            engine=self.engine,
            models={"toy": MANIFEST},
            process="predict-test",
            lease_s=self.settings.lease_s,
        )

    @property
    def explain(self) -> Explain:
        return Explain(
            objects=self.backend.objects,
            results=self.backend.results,
            engine=self.engine,
            models={"toy": MANIFEST},
            results_bucket=self.settings.results_bucket,
            process="explain-test",
            lease_s=self.settings.lease_s,
        )

    @property
    def dead_letter(self) -> RecordDeadLetter:
        return RecordDeadLetter(
            dead_letters=self.backend.dead_letters,
            results=self.backend.results,
            models={"toy": MANIFEST},
            settings=self.settings,
        )

    @property
    def delete(self) -> Delete:
        return Delete(
            objects=self.backend.objects,
            results=self.backend.results,
            dead_letters=self.backend.dead_letters,
            feedback=self.backend.feedback,
            work_bucket=self.settings.work_bucket,
            results_bucket=self.settings.results_bucket,
        )

    def drop(self, name: str = "toy/a.png", value: int = 200, size: int = 32) -> ObjectFinalized:
        picture = io.BytesIO()
        Image.new("L", (size, size), value).save(picture, "PNG")
        info = self.backend.objects.write(
            self.settings.landing_bucket, name, picture.getvalue(), "image/png"
        )
        return ObjectFinalized(
            bucket=info.bucket, name=name, generation=info.generation, size=info.size
        )
