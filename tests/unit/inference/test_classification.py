"""Logits, temperature, probabilities and operating points, on numbers of a pocket calculator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from dropsight.domain.manifests import (
    ArtifactFile,
    Calibration,
    InputSpec,
    Label,
    Manifest,
)
from dropsight_inference.tasks import classification

pytestmark = pytest.mark.unit


def _manifest(labels: list[Label], **changes: Any) -> Manifest:
    return Manifest(
        name="toy",
        version="1",
        task="classification",
        runtime="onnx",
        artifact=ArtifactFile(path="m.onnx", sha256="0" * 64),
        input=InputSpec(width=1, height=1, channels=1),
        labels=labels,
        licence="Apache-2.0",
        intended_use="Tests.",
        **changes,
    )


AB = [Label(id="a", threshold=0.7), Label(id="b", threshold=0.5)]


def test_multi_label_is_a_sigmoid_of_the_logit_over_the_temperature() -> None:
    manifest = _manifest(AB, multi_label=True, calibration=Calibration(temperature=2.0))
    logits = np.array([2 * math.log(3), 0.0], np.float32)

    a, b = classification.findings(logits, manifest, frame=4)

    assert a.probability == pytest.approx(0.75)  # 3 / (3 + 1)
    assert (a.positive, a.threshold, a.frame) == (True, 0.7, 4)
    assert a.logit == pytest.approx(2 * math.log(3))
    assert (b.probability, b.positive) == (0.5, True)  # at the operating point is positive


def test_multi_class_is_a_softmax() -> None:
    logits = np.log(np.array([[1.0, 2.0, 5.0]], np.float32))
    manifest = _manifest([*AB, Label(id="c")])

    assert classification.probabilities(logits, manifest)[0].tolist() == pytest.approx(
        [1 / 8, 2 / 8, 5 / 8]
    )
    assert classification.log_odds(logits, manifest)[0].tolist() == pytest.approx(
        [math.log(1 / 7), math.log(2 / 6), math.log(5 / 3)], rel=1e-5
    )


def test_extreme_logits_neither_overflow_nor_lose_their_odds() -> None:
    logits = np.array([[2000.0, 0.0], [-2000.0, 0.0]], np.float32)

    for multi_label in (True, False):
        manifest = _manifest(AB, multi_label=multi_label)
        chances = classification.probabilities(logits, manifest)
        assert chances[:, 0].tolist() == [1.0, 0.0]
        assert classification.log_odds(logits, manifest)[:, 0].tolist() == [2000.0, -2000.0]


def test_a_single_class_is_certain() -> None:
    manifest = _manifest([Label(id="only")])

    assert classification.probabilities(np.array([[-3.0]], np.float32), manifest).tolist() == [[1]]
