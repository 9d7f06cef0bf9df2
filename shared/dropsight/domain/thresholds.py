"""From which score on an object is shown whose label says nothing of it."""

from __future__ import annotations

from typing import Any

OBJECT_THRESHOLD = 0.1
"""Low, so that what is weak is seen and then left out on purpose. Scores are no probabilities, so
the 0.5 of a classifier would mean nothing."""


def fill_thresholds(plain: Any) -> None:
    """State it in the content of a model.yaml, for labels of detection and segmentation that have
    no threshold. Whether `plain` is a model.yaml at all is found out later."""
    if not isinstance(plain, dict) or plain.get("task") not in ("detection", "segmentation"):
        return
    labels = plain.get("labels")
    for label in labels if isinstance(labels, list) else []:
        if isinstance(label, dict):
            label.setdefault("threshold", OBJECT_THRESHOLD)
