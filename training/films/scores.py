"""What a classifier of films is scored by: intervals, calibration, operating points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score, roc_curve

from training.films.data import Floats

RESAMPLES = 2000


def patient_interval(
    groups: Sequence[str],
    score: Callable[[npt.NDArray[np.intp]], float | None],
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval; patients, not films, are drawn with replacement.

    `score` is given the positions of the films drawn, and answers None where they cannot be scored
    (a class is missing), which is drawn again.
    """
    of_group = defaultdict(list)
    for index, group in enumerate(groups):
        of_group[group].append(index)
    members = [np.array(indices) for indices in of_group.values()]
    random = np.random.default_rng(seed)
    values: list[float] = []
    while len(values) < RESAMPLES:
        drawn = np.concatenate(
            [members[i] for i in random.integers(len(members), size=len(members))]
        )
        value = score(drawn)
        if value is not None:
            values.append(value)
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def auc_interval(
    target: Floats, score: Floats, groups: Sequence[str], seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the AUC; see `patient_interval`."""

    def auc(drawn: npt.NDArray[np.intp]) -> float | None:
        if not 0 < target[drawn].sum() < len(drawn):
            return None
        return float(roc_auc_score(target[drawn], score[drawn]))

    return patient_interval(groups, auc, seed)


def operating_point(probability: Floats, target: Floats) -> float:
    """The threshold at which sensitivity and specificity are closest, to 3 decimals."""
    false_positive, true_positive, thresholds = roc_curve(target, probability)
    gap = np.abs(true_positive - (1 - false_positive))
    best = 1 + int(np.argmin(gap[1:]))  # The first threshold is infinite.
    return round(float(thresholds[best]), 3)


def expected_calibration_error(probability: Floats, target: Floats, bins: int = 10) -> float:
    """Mean gap between probability and frequency over equally wide bins, weighted by size."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(probability[place == b].mean() - target[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return float(np.sum(gaps))


def reliability(probability: Floats, target: Floats, bins: int = 10) -> list[tuple[float, float]]:
    """(mean probability, frequency) of each bin of equally many films."""
    parts = np.array_split(np.argsort(probability, kind="stable"), bins)
    return [(float(probability[part].mean()), float(target[part].mean())) for part in parts]
