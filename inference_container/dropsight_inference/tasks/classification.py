"""Classification, multi-class (one label holds) or multi-label (each holds or not).

Calibrated by one temperature T (Guo et al. 2017, arXiv:1706.04599): with z = logits / T,

    multi-label   probability_k = sigmoid(z_k)
    multi-class   probability_k = softmax(z)_k
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Finding
from dropsight_inference.runtimes import Outputs, Row
from dropsight_inference.tasks.protocol import Read

Scores = npt.NDArray[np.float64]


def check(outputs: Outputs, rows: int, manifest: Manifest) -> None:
    """See `protocol.Task`."""
    expected = (rows, len(manifest.labels))
    if outputs.logits.shape != expected:
        raise InferenceFailed(
            f"{manifest.name}: outputs.logits: found shape {outputs.logits.shape}, "
            f"expected {expected}"
        )
    if not np.isfinite(outputs.logits).all():
        raise InferenceFailed(
            f"{manifest.name}: outputs.logits: found a value that is not finite; the model "
            "cannot answer for this input"
        )


def read(rows: Sequence[Row], manifest: Manifest, frame: Frame) -> Read:  # noqa: ARG001
    """See `protocol.Task`. A label has no place in the image, so `frame` is not needed."""
    return Read(
        [
            finding
            for index, row in enumerate(rows)
            for finding in findings(row["logits"], manifest, index)
        ]
    )


def log_odds(logits: npt.NDArray[np.float32], manifest: Manifest) -> Scores:
    """(N, labels) -> float64 (N, labels): log(p / (1 - p)) of each calibrated probability.

    Multi-label: z itself. Multi-class: z_k - log(sum of exp(z_j) over all j but k), exact where
    p rounds to 1.
    """
    z = logits.astype(np.float64) / manifest.calibration.temperature
    if manifest.multi_label:
        return z
    count = z.shape[-1]
    if count == 1:
        return np.full_like(z, np.inf)  # the only class there is
    others = np.stack([np.delete(z, k, axis=-1) for k in range(count)], axis=-2)
    odds: Scores = z - np.logaddexp.reduce(others, axis=-1)
    return odds


def probabilities(logits: npt.NDArray[np.float32], manifest: Manifest) -> Scores:
    """(N, labels) -> float64 (N, labels) in [0, 1]."""
    odds = log_odds(logits, manifest)
    # exp of a number that is never positive cannot overflow.
    small = np.exp(-np.abs(odds))
    chances: Scores = np.where(odds >= 0, 1.0, small) / (1.0 + small)
    return chances


def findings(logits: npt.NDArray[np.float32], manifest: Manifest, frame: int) -> list[Finding]:
    """One finding for each label, in the order of model.yaml; `logits` is (labels,).

    `logit` is the network's own, before the temperature.
    """
    chances = probabilities(logits, manifest)
    return [
        Finding(
            label=label.id,
            probability=float(chance),
            frame=frame,
            logit=float(logit),
            threshold=label.threshold,
            positive=bool(chance >= label.threshold),
        )
        for label, logit, chance in zip(manifest.labels, logits, chances, strict=True)
    ]
