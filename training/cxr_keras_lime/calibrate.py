"""Turns logits into probabilities that mean what they say, and picks the operating points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from training.films.data import Floats
from training.films.scores import operating_point

LOG_LIMIT = 3.0
"""Temperatures from 1/20 to 20: a net that learnt nothing has none that fits."""


@dataclass(frozen=True)
class Calibration:
    """probability = softmax((logits + offset) / temperature).

    The offset goes into the bias of the exported net, the temperature into `model.yaml`.
    """

    temperature: float
    offset: tuple[float, ...]
    thresholds: tuple[float, ...]


def softmax(logits: npt.NDArray[np.floating]) -> Floats:
    """Over the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return (shifted / shifted.sum(-1, keepdims=True)).astype(np.float32)


def fit(logits: Floats, targets: Floats) -> Calibration:
    """Temperature scaling (arXiv:1706.04599) with one offset per class, the first class's being 0.

    By maximum likelihood, each class counting the same. logits, targets (0 and 1): (N, 3).
    """
    weight = (targets / targets.sum(0)).sum(1)
    wide = logits.astype(np.float64)

    def scale(at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return (wide + np.concatenate([[0.0], at[1:]])) / np.exp(at[0])

    def surprise(at: npt.NDArray[np.float64]) -> float:
        scaled = scale(at)
        total = np.logaddexp.reduce(scaled, axis=1)
        return float((weight * (total - (scaled * targets).sum(1))).sum())

    classes = logits.shape[1]
    bounds = [(-LOG_LIMIT, LOG_LIMIT), *[(-2.0, 2.0)] * (classes - 1)]
    found = minimize(surprise, np.zeros(classes), method="L-BFGS-B", bounds=bounds).x
    temperature = round(float(np.exp(found[0])), 4)
    offset = np.concatenate([[0.0], found[1:]]).astype(np.float32)
    probability = softmax((logits + offset) / temperature)
    return Calibration(
        temperature,
        tuple(float(value) for value in offset),
        tuple(operating_point(probability[:, k], targets[:, k]) for k in range(classes)),
    )
