"""When files land: arrays of seconds, sorted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropsight.planning.scenario import ArrivalSpec

Times = npt.NDArray[np.float64]

DAY_S = 86_400.0
OFFICE = (1, 1, 1, 1, 1, 1, 2, 6, 12, 14, 14, 12, 9, 12, 13, 12, 10, 7, 4, 2, 1, 1, 1, 1)
"""Weight of each hour of a day that begins at midnight: by night a fourteenth of the morning's
peak. An assumption about a hospital; give `hourWeights` where the real ones are known."""


def arrival_times(spec: ArrivalSpec, random: np.random.Generator) -> Times:
    """Seconds since the beginning, shape (files,), rising, in [0, overS]."""
    if spec.profile == "uniform":
        return np.linspace(0.0, spec.over_s, spec.files, endpoint=False)
    if spec.profile == "random":
        return np.sort(random.random(spec.files)) * spec.over_s
    weights = np.array(spec.hour_weights or OFFICE, np.float64)
    hours = random.choice(len(weights), spec.files, p=weights / weights.sum())
    return np.sort((hours + random.random(spec.files)) * (spec.over_s / len(weights)))


def busiest_hour(spec: ArrivalSpec) -> float:
    """Share of the files that land in the busiest hour."""
    if spec.profile != "office":
        return min(1.0, 3600.0 / spec.over_s) if spec.over_s else 1.0
    weights = spec.hour_weights or OFFICE
    return max(weights) / sum(weights)
