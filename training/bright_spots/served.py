"""The bundle as it is served: bytes of a file in, objects out, through imaging and the engine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dropsight.domain.frames import Frame
from dropsight.domain.results import Finding
from dropsight.domain.suppression import shown
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import Prepared, open_upload, prepare
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics

from .camera import Pixels

Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Detections:
    """Of one frame, in falling order of the score.

    boxes   float64 (n, 4): x, y, width, height in source pixels
    scores  float64 (n,)
    """

    boxes: Boxes
    scores: npt.NDArray[np.float64]

    @property
    def centres(self) -> Boxes:
        return self.boxes[:, :2] + self.boxes[:, 2:] / 2

    def at(self, threshold: float) -> Detections:
        kept = self.scores >= threshold
        return Detections(self.boxes[kept], self.scores[kept])


class Served:
    """A running engine with the one bundle."""

    def __init__(self, folder: Path, threads: int) -> None:
        model = load_model(folder, threads)
        self.manifest = model.manifest
        self.engine = Engine({self.manifest.name: model}, 8, 0.0, Metrics())
        self._policy = ImagingPolicy(b"a key that no frame needs")

    def prepared(self, data: bytes) -> Prepared:
        return prepare(open_upload(data, self._policy), self.manifest, self._policy)

    def findings(self, frame: Frame) -> list[Finding]:
        return self.engine.predict(self.manifest.name, frame).findings

    def detect(self, pages: Sequence[Pixels]) -> list[Detections]:
        """Candidates of each page of one 16-bit TIFF, after suppression at the bundle's IoU."""
        findings = self.findings(self.prepared(as_tiff(pages)).frame)
        return [self.read(findings, page) for page in range(len(pages))]

    def read(self, findings: Sequence[Finding], page: int = 0) -> Detections:
        here = [one for one in findings if one.frame == page]
        kept = [here[at] for at in shown(here, 0.0, self.manifest.candidates.iou)]
        return Detections(
            np.array([one.box for one in kept], np.float64).reshape(-1, 4),
            np.array([one.score for one in kept], np.float64),
        )

    def milliseconds(self, side: int, repeats: int = 5) -> float:
        """To prepare and read one frame of side x side: the fastest, as other load only adds."""
        pixels = np.random.default_rng(0).poisson(100.0, (side, side)).astype(np.uint16)
        data = as_tiff([pixels])
        taken = []
        for _ in range(repeats):
            start = time.perf_counter()
            self.findings(self.prepared(data).frame)
            taken.append(time.perf_counter() - start)
        return min(taken) * 1000


@contextmanager
def serving(folder: Path, threads: int = 1) -> Iterator[Served]:
    served = Served(folder, threads)
    try:
        yield served
    finally:
        served.engine.close()


def as_tiff(pages: Sequence[Pixels]) -> bytes:
    """16-bit greyscale, a page for each frame."""
    done, data = cv2.imencodemulti(".tiff", [np.ascontiguousarray(page) for page in pages])
    if not done:
        raise ValueError("OpenCV cannot encode the TIFF file")
    return bytes(data)
