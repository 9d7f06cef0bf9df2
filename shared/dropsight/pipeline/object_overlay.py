"""The overlay that detection and segmentation have in the place of an explanation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Explanation, Finding
from dropsight.imaging.object_overlay import Selection, draw_objects
from dropsight.imaging.png import encode_png

METHOD = "overlay"
LABEL = "objects"
"""Stands where an explanation names its label: one overlay shows them all."""
TASKS = ("detection", "segmentation")


def plan_overlays(findings: Sequence[Finding]) -> list[Explanation]:
    """One for each frame where something is drawn at the default confidence."""
    frames = {f.frame for f in findings if (f.score or 0.0) >= Selection().confidence}
    return [Explanation(method=METHOD, label=LABEL, frame=frame) for frame in sorted(frames)]


def draw_overlay(
    display: npt.NDArray[np.uint8], findings: Sequence[Finding], manifest: Manifest, frame: int
) -> tuple[bytes, dict[str, Any]]:
    """PNG of the size of `display` in mode 0, and the parameters that it was drawn with."""
    chosen = Selection(frame=frame, iou=manifest.candidates.iou)
    names = {label.id: label.display_name() for label in manifest.labels}
    picture = draw_objects(display, findings, manifest.colors, names, chosen)
    parameters = {
        "mode": chosen.mode,
        "confidence": chosen.confidence,
        "iou": chosen.iou,
        "objects": len(chosen.of(findings)),
    }
    return encode_png(picture), parameters
