"""A finished bundle's answers for files, by dropsight's own imaging and engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dropsight.domain.results import Finding
from dropsight.domain.suppression import shown
from dropsight.imaging.prepare import open_upload, prepare
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics

from .average_precision import IOUS, Array, Matches, match
from .data import POLICY, Truth
from .settings import LABELS

NAME = "blood-cells"


def find_in_files(bundle: Path, truths: Sequence[Truth]) -> list[list[Finding]]:
    """All candidates of each file, before suppression, boxes in source pixels."""
    model = load_model(bundle, threads=1)
    engine = Engine({NAME: model}, batch_size=1, batch_wait_ms=0, metrics=Metrics())
    try:
        frames = [
            prepare(open_upload(truth.data, POLICY), model.manifest, POLICY).frame
            for truth in truths
        ]
        return [engine.predict(NAME, frame).findings for frame in frames]
    finally:
        engine.close()


def matches_of(
    findings: Sequence[Sequence[Finding]],
    truths: Sequence[Truth],
    confidence: float | None,
    iou: float,
    thresholds: Sequence[float] = IOUS,
) -> list[list[Matches]]:
    """By label, then by file: what is shown at `confidence` (None: the operating points)."""
    return [
        [
            match(
                *_boxes(found, label, confidence, iou), truth.boxes[truth.labels == k], thresholds
            )
            for found, truth in zip(findings, truths, strict=True)
        ]
        for k, label in enumerate(LABELS)
    ]


def _boxes(
    findings: Sequence[Finding], label: str, confidence: float | None, iou: float
) -> tuple[Array, Array]:
    of_label = [finding for finding in findings if finding.label == label]
    seen = [of_label[at] for at in shown(of_label, confidence, iou)]
    boxes = np.array([finding.box for finding in seen], np.float64).reshape(-1, 4)
    return boxes, np.array([finding.probability for finding in seen], np.float64)


def milliseconds(bundle: Path, batch: int, threads: int) -> float:
    """Of one forward pass, for each frame: the fastest of 20, as other load only ever adds."""
    model = load_model(bundle, threads=threads)
    rows = np.zeros((batch, *model.layout.row_shape), np.float32)
    taken = []
    for _ in range(20):
        started = time.perf_counter()
        model.runtime.forward(rows)
        taken.append(time.perf_counter() - started)
    model.runtime.close()
    return min(taken) / batch * 1000
