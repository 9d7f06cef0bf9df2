"""The linear model that LIME puts in the place of the network, near one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Surrogate:
    """score = intercept + sum of weights over the superpixels that stay, one column per label."""

    weights: Matrix
    """(superpixels, labels)."""
    intercept: Matrix
    """(labels,)."""
    r2: Matrix
    """(labels,): weighted share of the scores' variance that the surrogate explains, at most 1.
    NaN where the scores do not vary."""


def locality(masks: npt.NDArray[np.bool_], kernel_width: float) -> Matrix:
    """(samples,): the weight of each sample, 1 for the whole image.

    As in the `lime` package: sqrt(exp(-d^2 / width^2)) with d the cosine distance to the mask that
    keeps everything; d = 1 - sqrt(share kept).
    """
    distance = 1.0 - np.sqrt(masks.mean(axis=1))
    closeness: Matrix = np.sqrt(np.exp(-(distance**2) / kernel_width**2))
    return closeness


def fit(masks: npt.NDArray[np.bool_], scores: Matrix, closeness: Matrix, ridge: float) -> Surrogate:
    """Weighted ridge regression in closed form, all labels at once, intercept not penalised.

    masks (samples, superpixels), scores (samples, labels), closeness (samples,).
    """
    share = closeness / closeness.sum()
    design = masks.astype(np.float64)
    center, level = share @ design, share @ scores
    design -= center
    varied = scores - level
    weighted = design * closeness[:, None]
    normal = weighted.T @ design
    normal[np.diag_indices_from(normal)] += ridge
    weights = cho_solve(cho_factor(normal, lower=True), weighted.T @ varied)
    left = share @ (varied - design @ weights) ** 2
    total = share @ varied**2
    known = total > 1e-12
    r2 = np.full(total.shape, np.nan)
    r2[known] = 1.0 - left[known] / total[known]
    return Surrogate(weights, level - center @ weights, r2)
