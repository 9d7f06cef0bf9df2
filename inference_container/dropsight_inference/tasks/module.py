"""Task `module`: objects as a user's class returns them, unchanged but for their names."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Finding
from dropsight_inference.runtimes import DetectedObject


def findings(objects: Sequence[DetectedObject], manifest: Manifest, frame: int) -> list[Finding]:
    """One finding for each object, in the module's order; its label is the most probable one.

    Raises InferenceFailed for labels that model.yaml does not have, and for numbers out of range.
    """
    return [_finding(one, number, manifest, frame) for number, one in enumerate(objects)]


def _finding(one: DetectedObject, number: int, manifest: Manifest, frame: int) -> Finding:
    where = f"{manifest.name}: inference_by_path: object {number}"
    known = [label.id for label in manifest.labels]
    for label_id, probability in one.probabilities.items():
        if label_id not in known:
            raise InferenceFailed(
                f"{where}: found label {label_id!r}, legal are {', '.join(known)} (model.yaml)"
            )
        if not 0 <= probability <= 1:
            raise InferenceFailed(
                f"{where}: found probability {probability:g} of {label_id!r}, legal are 0 to 1"
            )
    if not one.probabilities:
        raise InferenceFailed(f"{where}: found no label; legal is at least one of {known}")
    if not all(map(math.isfinite, one.box)) or min(one.box[2:]) < 0:
        raise InferenceFailed(
            f"{where}: found box {one.box}, legal is (x, y, width, height) in pixels"
        )
    best = max(one.probabilities, key=lambda label_id: one.probabilities[label_id])
    probability = one.probabilities[best]
    threshold = manifest.label(best).threshold
    return Finding(
        label=best,
        probability=probability,
        frame=frame,
        threshold=threshold,
        positive=probability >= threshold,
        box=list(one.box),
        score=probability,
        probabilities=one.probabilities,
    )
