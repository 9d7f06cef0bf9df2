"""Greedy class-wise NMS, on the vectors that clients in other languages are held to as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropsight.domain.results import Finding
from dropsight.domain.suppression import intersection_over_union, shown

pytestmark = pytest.mark.unit

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "nms.json").read_text("utf-8"))


def _finding(plain: dict[str, Any], threshold: float = 0.5) -> Finding:
    return Finding(probability=plain["score"], threshold=threshold, **plain)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_published_vectors_hold(case: dict[str, Any]) -> None:
    findings = [_finding(plain) for plain in case["findings"]]

    for answer in case["answers"]:
        assert shown(findings, answer["confidence"], answer["iou"]) == answer["shown"]


def test_without_a_confidence_each_finding_has_its_own_operating_point() -> None:
    box = [0.0, 0.0, 1.0, 1.0]
    findings = [
        _finding({"label": "a", "score": 0.4, "box": box}, threshold=0.3),
        _finding({"label": "b", "score": 0.6, "box": box}, threshold=0.7),
        Finding(label="c", probability=0.9),  # of a classifier
    ]

    assert shown(findings, None, 0.5) == [0]
    assert shown(findings, {"b": 0.5}, 0.5) == [1]


def test_moving_the_confidence_only_cuts_the_list() -> None:
    random = np.random.default_rng(3)
    findings = [
        _finding({"label": "ab"[k % 2], "score": float(score), "box": [*corner, 20.0, 20.0]})
        for k, (score, corner) in enumerate(
            zip(random.random(200), random.uniform(0, 80, (200, 2)).tolist(), strict=True)
        )
    ]
    everything = shown(findings, 0.0, 0.4)

    strong = [at for at in everything if findings[at].probability >= 0.6]
    assert shown(findings, 0.6, 0.4) == strong
    assert 0 < len(strong) < len(everything) < 200


def test_iou_of_boxes_that_can_be_counted_in_squares() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 1, 2, 2], [0, 0, 1, 2], [5, 5, 1, 1]], np.float64)

    found = intersection_over_union(boxes[0], boxes)

    assert found.tolist() == [1.0, 1 / 7, 1 / 2, 0.0]
