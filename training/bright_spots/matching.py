"""Which detections are particles: one to one, by distance, the nearest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """Counts over any number of frames."""

    hits: int = 0
    misses: int = 0
    false: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.hits + other.hits, self.misses + other.misses, self.false + other.false)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.misses)

    @property
    def precision(self) -> float:
        """1 where nothing was found."""
        found = self.hits + self.false
        return self.hits / found if found else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.misses + self.false)


def match(found: Points, truth: Points, reach: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (position in found, position in truth), none used twice.

    found, truth: (n, 2) x and y. reach: of each true point, the largest distance of a match.
    """
    if not len(found) or not len(truth):
        return []
    distance = np.hypot(*(found[:, None] - truth[None]).transpose(2, 0, 1))
    near = np.argwhere(distance <= reach[None])
    order = np.argsort(distance[near[:, 0], near[:, 1]], kind="stable")
    pairs: list[tuple[int, int]] = []
    used: tuple[set[int], set[int]] = (set(), set())
    for a, b in near[order].tolist():
        if a not in used[0] and b not in used[1]:
            pairs.append((a, b))
            used[0].add(a)
            used[1].add(b)
    return pairs


def score(found: Points, truth: Points, reach: npt.NDArray[np.float64]) -> Score:
    hits = len(match(found, truth, reach))
    return Score(hits, len(truth) - hits, len(found) - hits)
