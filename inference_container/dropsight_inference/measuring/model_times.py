"""Times one bundle, with the code that serves it: imaging, engine and the steps of the pipeline."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import cv2

from dropsight.adapters.backend import open_backend
from dropsight.domain.errors import InferenceFailed
from dropsight.domain.events import (
    ExplanationRequested,
    ObjectFinalized,
    PredictionRequested,
)
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Result
from dropsight.domain.wire import decode, encode
from dropsight.imaging.png import encode_png
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import open_upload, prepare
from dropsight.pipeline.artifacts import frame_name
from dropsight.pipeline.explain import Explain
from dropsight.pipeline.ingest import Ingest
from dropsight.pipeline.predict import Predict
from dropsight.planning.times import ExplanationTimes, ModelTimes
from dropsight.settings import Settings
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from dropsight_inference.runtimes import ReadsPictures

BATCHES = (1, 2, 4, 8)
POLICY = ImagingPolicy(b"nothing of this run is kept")


def measure_model(bundle: Path, file: Path, rounds: int) -> ModelTimes:
    """Raises ManifestInvalid where the bundle cannot be loaded, InferenceFailed where the file does
    not come out as a result."""
    started = time.perf_counter()
    model = load_model(bundle)
    name = model.manifest.name
    engine = Engine({name: model}, max(BATCHES), Settings.batch_wait_ms, Metrics())
    try:
        engine.warm_up()
        start_ms = (time.perf_counter() - started) * 1000
        data = file.read_bytes()
        ingest_ms = _ingest_ms(data, model.manifest, rounds)
        with tempfile.TemporaryDirectory() as folder:
            steps = _Steps(Path(folder), model.manifest, engine)
            result, frame = steps.predicted(name, file.name, data)
            batches = (1,) if isinstance(model.runtime, ReadsPictures) else BATCHES
            predict_ms = {size: _predict_ms(engine, name, frame, size, rounds) for size in batches}
            explanations, settled = steps.explanations(result, rounds)
    finally:
        engine.close()
    return ModelTimes(
        version=model.manifest.version,
        runtime=model.manifest.runtime,
        task=model.manifest.task,
        device="cuda" if model.runtime.device == "cuda" else "cpu",
        input=f"{file.name}, {result.width} x {result.height}",
        input_bytes=len(data),
        ingest_ms=round(ingest_ms, 1),
        frame_bytes=len(frame),
        display_bytes=sum(one.size for one in result.artifacts),
        document_bytes=len(encode(settled)),
        start_ms=round(start_ms),
        predict_ms={size: round(ms, 1) for size, ms in predict_ms.items()},
        explanations=explanations,
    )


def _fastest_ms(work: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken) * 1000


def _ingest_ms(data: bytes, manifest: Manifest, rounds: int) -> float:
    def work() -> None:
        prepared = prepare(open_upload(data, POLICY), manifest, POLICY)
        prepared.frame.to_bytes()
        for display in prepared.display:
            encode_png(display)

    with _one_core():
        return _fastest_ms(work, rounds)


def _predict_ms(engine: Engine, model: str, stored: bytes, size: int, rounds: int) -> float:
    """`size` requests at once, from the stored frame to the findings."""

    def one(_: int) -> None:
        with engine.expecting(model) as expected:
            expected.predict(model, Frame.from_bytes(stored))

    with ThreadPoolExecutor(size) as threads:
        return _fastest_ms(lambda: list(threads.map(one, range(size))), rounds)


@contextmanager
def _one_core() -> Iterator[None]:
    """A function has one core. Where the system cannot bind a process, OpenCV's threads are all
    that is held back."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    bound = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    try:
        if bound:
            os.sched_setaffinity(0, {min(bound)})
        yield
    finally:
        if bound:
            os.sched_setaffinity(0, bound)
        cv2.setNumThreads(threads)


class _Messages:
    """MessagePublisher that keeps what the steps publish."""

    def __init__(self) -> None:
        self.published: list[bytes] = []

    def publish(
        self,
        topic: str,  # noqa: ARG002 (one model: what a message is, its type says)
        data: bytes,
        attributes: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> str:
        self.published.append(data)
        return str(len(self.published))


class _Steps:
    """The three steps over folders, with one model."""

    def __init__(self, folder: Path, manifest: Manifest, engine: Engine) -> None:
        self._settings = settings = Settings(root=folder)
        self._backend = backend = open_backend(settings)
        self._messages = _Messages()
        models = {manifest.name: manifest}
        self._ingest = Ingest(
            objects=backend.objects,
            results=backend.results,
            publisher=self._messages,
            models=models,
            settings=settings,
            policy=POLICY,
            process="measuring",
        )
        self._predict = Predict(
            objects=backend.objects,
            results=backend.results,
            publisher=self._messages,
            engine=engine,
            models=models,
            process="measuring",
            lease_s=settings.lease_s,
        )
        self._explain = Explain(
            objects=backend.objects,
            results=backend.results,
            engine=engine,
            models=models,
            results_bucket=settings.results_bucket,
            process="measuring",
            lease_s=settings.lease_s,
        )

    def predicted(self, model: str, name: str, data: bytes) -> tuple[Result, bytes]:
        """The result of one upload, and its stored frame. Raises InferenceFailed."""
        settings, objects = self._settings, self._backend.objects
        landed = objects.write(settings.landing_bucket, f"{model}/{name}", data)
        event = ObjectFinalized(
            bucket=landed.bucket,
            name=landed.name,
            generation=landed.generation,
            size=landed.size,
        )
        result: Result | None = self._ingest(event)
        if self._messages.published:
            result = self._predict(decode(self._messages.published.pop(), PredictionRequested))
        # One that asks for no explanation is `explained` at once.
        if result is None or result.status not in ("predicted", "explained"):
            reason = result.error.message if result and result.error else "it has no findings"
            raise InferenceFailed(f"{name}: nothing can be measured on it: {reason}")
        return result, objects.read(settings.work_bucket, frame_name(result.result_id))

    def explanations(
        self, predicted: Result, rounds: int
    ) -> tuple[dict[str, ExplanationTimes], Result]:
        """By method, what the model asks for by itself; and the result as it is after that."""
        requests = [decode(one, ExplanationRequested) for one in self._messages.published]
        times: dict[str, ExplanationTimes] = {}
        results = self._backend.results
        explained = predicted
        for _ in range(rounds):
            results.delete(predicted.result_id)
            results.create(predicted)
            explained = predicted
            for request in requests:
                there = {one.name for one in explained.artifacts}
                started = time.perf_counter()
                explained = self._explain(request) or explained
                ms = (time.perf_counter() - started) * 1000
                written = [one for one in explained.artifacts if one.name not in there]
                known = times.get(request.method)
                if known is None or ms < known.ms:
                    times[request.method] = ExplanationTimes(
                        ms=round(ms, 1),
                        labels=len(request.labels),
                        bytes=sum(one.size for one in written),
                        files=len(written),
                    )
        return times, explained
