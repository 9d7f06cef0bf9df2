"""From the objects in each frame to findings that fit into one result document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.manifests import Manifest
from dropsight.domain.results import CandidateSet, Finding, FrameCandidates
from dropsight.domain.suppression import shown
from dropsight.domain.wire import encode, replace
from dropsight.imaging.resize import Boxes
from dropsight_inference.tasks.protocol import Read

BUDGET_BYTES = 640 * 1024
"""Of JSON for all findings. Firestore's document limit is 1 MiB; the rest is for explanations,
study, provenance and what its own way of counting adds."""
PIXEL_DECIMALS = 3
SCORE_DECIMALS = 6
"""Stored numbers are rounded, and everything is decided on the stored ones: a client that reads the
document comes to the same answers."""


@dataclass(frozen=True)
class Objects:
    """What was found in one frame at or above the minimum score, strongest first.

    boxes   float64 (n, 4): x, y, width, height in source pixels, within the source
    chances float64 (n, labels): score by label; the largest is the object's
    masks   COCO run-length encoding of each, if the task has masks
    found   how many there were before the maximum was applied
    """

    boxes: Boxes
    chances: npt.NDArray[np.float64]
    masks: Sequence[dict[str, Any]] | None
    found: int


def strongest(
    boxes: Boxes, chances: npt.NDArray[np.float64], manifest: Manifest
) -> tuple[npt.NDArray[np.intp], int]:
    """Positions to keep, in falling order of the score, and how many there were to choose from.

    Chosen from are boxes with an area whose score is at or above the minimum.
    """
    spec = manifest.candidates
    scores = chances.max(axis=1, initial=0.0)
    able = np.flatnonzero((scores >= spec.minimum_score) & (boxes[:, 2:] > 0.0).all(axis=1))
    order = able[np.argsort(-scores[able], kind="stable")]
    return order[: spec.maximum], len(able)


def rounded_boxes(boxes: Boxes) -> Boxes:
    """Corners on a grid of a thousandth of a pixel."""
    left_top = boxes[:, :2].round(PIXEL_DECIMALS)
    right_bottom = (boxes[:, :2] + boxes[:, 2:]).round(PIXEL_DECIMALS)
    return np.hstack([left_top, (right_bottom - left_top).round(PIXEL_DECIMALS)])


def read_objects(frames: Sequence[Objects], manifest: Manifest) -> Read:
    """Findings by frame, strongest first; the weakest of the upload are left out over budget.

    `positive` are those that are shown at their label's threshold and the manifest's IoU.
    """
    spec = manifest.candidates
    every = [
        finding
        for index, objects in enumerate(frames)
        for finding in _findings(objects, manifest, index)
    ]
    kept = _within_budget(every)
    positive = set(shown(kept, None, spec.iou))
    counts = [sum(one.frame == index for one in kept) for index in range(len(frames))]
    return Read(
        [replace(one, positive=at in positive) for at, one in enumerate(kept)],
        CandidateSet(
            minimum_score=spec.minimum_score,
            maximum=spec.maximum,
            iou=spec.iou,
            frames=[
                FrameCandidates(frame=index, found=objects.found, kept=counts[index])
                for index, objects in enumerate(frames)
            ],
        ),
    )


def _findings(objects: Objects, manifest: Manifest, frame: int) -> list[Finding]:
    best = objects.chances.argmax(axis=1)
    return [
        Finding(
            label=manifest.labels[label].id,
            probability=chances[label],
            frame=frame,
            threshold=manifest.labels[label].threshold,
            positive=False,
            box=box,
            score=chances[label],
            probabilities={
                known.id: chance for known, chance in zip(manifest.labels, chances, strict=True)
            },
            mask=objects.masks[position] if objects.masks is not None else None,
        )
        for position, (box, label, chances) in enumerate(
            zip(objects.boxes.tolist(), best.tolist(), objects.chances.tolist(), strict=True)
        )
    ]


def _within_budget(findings: list[Finding]) -> list[Finding]:
    """The strongest that fit, in the order given."""
    left = BUDGET_BYTES
    kept: list[int] = []
    for at in sorted(range(len(findings)), key=lambda at: -findings[at].probability):
        left -= len(encode(findings[at]))
        if left < 0:
            break
        kept.append(at)
    return [findings[at] for at in sorted(kept)]
