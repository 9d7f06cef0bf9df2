"""Two classical detectors, beside which the net is shown.

Both may first take out hot pixels (median of 3 x 3) and smooth (Gaussian). Then background and
noise are taken out by blocks (median and median absolute deviation, in the manner of SExtractor:
Bertin and Arnouts 1996, doi:10.1051/aas:1996164), so a threshold is in units of the local noise.

DBSCAN  pixels above a threshold, clustered by density (Ester et al. 1996); a cluster is an object,
        its centre is weighted by intensity.
LoG     scikit-image's blob_log, Laplacian of Gaussian over several scales.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt
from skimage.feature import blob_log
from sklearn.cluster import DBSCAN

from .camera import Floats, Pixels

BLOCK = 32
MOST_PIXELS = 40_000
"""DBSCAN on more pixels than that, at too low a threshold, says nothing and takes minutes."""
Detector = Callable[[Floats], Floats]
"""From a prepared frame to centres (n, 2), x and y."""


@dataclass(frozen=True)
class Preparation:
    """What a detector does before anything else."""

    median: bool = False
    smoothing: float = 0.0
    """Sigma in px; 0 for none."""

    def __call__(self, pixels: Pixels) -> Floats:
        """(value - background) / noise, both by blocks and interpolated between them."""
        values: Floats = np.asarray(cv2.medianBlur(pixels, 3) if self.median else pixels, float)
        if self.smoothing:
            values = np.asarray(cv2.GaussianBlur(values, (0, 0), self.smoothing))
        return _standardised(values)


@dataclass(frozen=True)
class Setting:
    """A detector with its thresholds."""

    preparation: Preparation
    parameters: dict[str, float]
    detect: Detector

    def find(self, pixels: Pixels) -> Floats:
        """Centres (n, 2), x and y."""
        return self.detect(self.preparation(pixels))

    def __str__(self) -> str:
        before = ["median of 3 x 3"] if self.preparation.median else []
        if self.preparation.smoothing:
            before.append(f"smoothing {self.preparation.smoothing:g} px")
        said = ", ".join(f"{key} {value:g}" for key, value in self.parameters.items())
        return ", ".join([*before, said])


PREPARATIONS = tuple(Preparation(m, s) for m, s in product((False, True), (0.0, 1.0)))


def _standardised(values: Floats) -> Floats:
    rows, columns = -(-values.shape[0] // BLOCK), -(-values.shape[1] // BLOCK)
    level, noise = np.empty((rows, columns)), np.empty((rows, columns))
    for row, column in product(range(rows), range(columns)):
        block = values[row * BLOCK : (row + 1) * BLOCK, column * BLOCK : (column + 1) * BLOCK]
        level[row, column] = np.median(block)
        noise[row, column] = 1.4826 * np.median(np.abs(block - level[row, column]))
    size = values.shape[::-1]
    wide = cv2.resize(noise, size, interpolation=cv2.INTER_LINEAR)
    background = cv2.resize(level, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray((values - background) / np.maximum(wide, 0.5))


def by_dbscan(threshold: float, reach: float, least: int) -> Detector:
    def detect(frame: Floats) -> Floats:
        y, x = np.nonzero(frame > threshold)
        if not 0 < len(x) <= MOST_PIXELS:
            return np.empty((0, 2))
        of_pixel = DBSCAN(eps=reach, min_samples=least).fit_predict(np.stack([x, y], 1))
        weights, inside = frame[y, x], of_pixel >= 0
        groups = of_pixel[inside]
        total = np.bincount(groups, weights[inside])
        across = np.bincount(groups, weights[inside] * (x[inside] + 0.5))
        down = np.bincount(groups, weights[inside] * (y[inside] + 0.5))
        return np.stack([across, down], 1) / total[:, None]

    return detect


def by_log(threshold: float, overlap: float) -> Detector:
    def detect(frame: Floats) -> Floats:
        found = blob_log(
            frame, min_sigma=0.9, max_sigma=4.5, num_sigma=6, threshold=threshold, overlap=overlap
        )
        centres: npt.NDArray[np.float64] = found[:, 1::-1] + 0.5
        return centres

    return detect


def dbscan_settings() -> list[Setting]:
    """Every combination that is tried on the dev set."""
    return [
        Setting(
            before,
            {"threshold": threshold, "eps": reach, "min_samples": least},
            by_dbscan(threshold, reach, least),
        )
        for before, threshold, (reach, least) in product(
            PREPARATIONS, (3, 4, 5, 6, 8, 12, 20, 40), ((1.0, 3), (1.0, 5), (1.5, 5))
        )
    ]


def log_settings() -> list[Setting]:
    """Every combination that is tried on the dev set."""
    return [
        Setting(before, {"threshold": threshold, "overlap": share}, by_log(threshold, share))
        for before, threshold, share in product(
            PREPARATIONS, (1, 1.5, 2, 3, 4, 6, 9, 14, 22), (0.5, 0.8)
        )
    ]
