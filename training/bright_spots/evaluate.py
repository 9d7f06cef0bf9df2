"""The numbers of the card: the served bundle and two classical detectors on the same frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dropsight.domain.suppression import intersection_over_union

from .baselines import Preparation, Setting, dbscan_settings, log_settings
from .camera import Floats
from .matching import Score, match, score
from .served import Served
from .settings import Recipe
from .simulate import Conditions, Simulated, at_snr, pairs, simulate
from .spots import Spot

SNRS = (0.8, 1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 7.0, 10.0, 20.0)
SPACINGS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)
"""In sigmas of the point spread function; its full width at half maximum is 2.355 of them."""
PAIR_SNRS = (4.0, 12.0)
THRESHOLDS = tuple(np.round(np.arange(0.06, 0.8, 0.02), 2).tolist())
NET = "bright-spots"
Find = Callable[[Simulated], Floats]


@dataclass(frozen=True)
class Size:
    """How many frames each number is measured on."""

    side: int = 256
    dev: int = 20
    mixed: int = 60
    frames: int = 10
    """For each SNR and each spacing."""
    spots: int = 25
    pairs: int = 20

    @classmethod
    def smoke(cls) -> Size:
        return cls(side=128, dev=2, mixed=2, frames=1, spots=5, pairs=3)


@dataclass(frozen=True)
class Report:
    threshold: float
    """Of the net's score."""
    settings: dict[str, str]
    """Of each baseline, as chosen on dev."""
    dev: dict[str, Score]
    mixed: dict[str, Score]
    """Scenes of every kind, by detector."""
    by_snr: dict[str, list[Score]]
    """By detector, for each of SNRS."""
    apart: dict[float, dict[str, list[float]]]
    """Share of pairs of which both were found: by SNR, then detector, for each of SPACINGS."""
    pair_scores: dict[float, dict[str, list[Score]]]
    centre_error: dict[float, float]
    """Median distance in px to the truth, by SNR, of the net's hits."""
    iou: float
    """Median IoU of the net's boxes with the true ones, on mixed scenes."""
    iou_above_half: float
    frames: int
    """All frames that were measured on, dev not counted."""


def evaluate(served: Served, recipe: Recipe, size: Size) -> Report:
    """Measure everything. Seeds differ from those of training."""
    scenes = _Scenes(recipe.seed + 1, size, recipe.conditions)
    dev = scenes.mixed(0, size.dev)
    threshold = _best_threshold(served, dev)
    chosen = {
        "DBSCAN": _best_setting(dbscan_settings(), dev),
        "blob_log": _best_setting(log_settings(), dev),
    }
    finders: dict[str, Find] = {
        NET: lambda one: served.detect([one.pixels])[0].at(threshold).centres
    }
    for name, setting in chosen.items():
        finders[name] = _finder(setting)
    mixed = scenes.mixed(1, size.mixed)
    by_snr = [scenes.at_snr(snr) for snr in SNRS]
    paired = {snr: [scenes.pairs(spacing, snr) for spacing in SPACINGS] for snr in PAIR_SNRS}
    overlaps = np.concatenate([_overlaps(served, threshold, one) for one in mixed])
    measured = {
        snr: {
            name: [
                _pairs_found(find, frames, spacing)
                for frames, spacing in zip(sets, SPACINGS, strict=True)
            ]
            for name, find in finders.items()
        }
        for snr, sets in paired.items()
    }
    return Report(
        threshold=threshold,
        settings={name: str(setting) for name, setting in chosen.items()},
        dev={name: _total(find, dev) for name, find in finders.items()},
        mixed={name: _total(find, mixed) for name, find in finders.items()},
        by_snr={
            name: [_total(find, frames) for frames in by_snr] for name, find in finders.items()
        },
        apart={
            snr: {name: [share for share, _ in row] for name, row in of.items()}
            for snr, of in measured.items()
        },
        pair_scores={
            snr: {name: [counts for _, counts in row] for name, row in of.items()}
            for snr, of in measured.items()
        },
        centre_error={
            snr: _centre_error(finders[NET], frames)
            for snr, frames in zip(SNRS, by_snr, strict=True)
        },
        iou=float(np.median(overlaps)) if overlaps.size else 0.0,
        iou_above_half=float(np.mean(overlaps >= 0.5)) if overlaps.size else 0.0,
        frames=len(mixed) + sum(map(len, by_snr)) + sum(len(f) for s in paired.values() for f in s),
    )


class _Scenes:
    """Frames by purpose, each with a generator of its own.

    Cameras and backgrounds are the same at every SNR and at every spacing, so that the curves show
    these alone.
    """

    def __init__(self, seed: int, size: Size, conditions: Conditions) -> None:
        self._seed, self._size, self._conditions = seed, size, conditions

    def mixed(self, purpose: int, count: int) -> list[Simulated]:
        side = self._size.side
        return [
            simulate(side, side, self._conditions, self._random(purpose, index))
            for index in range(count)
        ]

    def at_snr(self, snr: float) -> list[Simulated]:
        size = self._size
        points = replace(self._conditions, disc=0.0, defocus=0.0)
        return [
            at_snr(size.side, snr, size.spots, points, self._random(2, index))
            for index in range(size.frames)
        ]

    def pairs(self, spacing: float, snr: float) -> list[Simulated]:
        size = self._size
        return [
            pairs(
                size.side,
                spacing,
                snr,
                size.pairs,
                self._conditions,
                self._random(3, index),
            )
            for index in range(size.frames)
        ]

    def _random(self, *keys: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *keys])


def truth(spots: Sequence[Spot]) -> tuple[Floats, Floats]:
    """Centres (n, 2), and within which distance of each a detection counts: 1.5 px or one width,
    whichever is more."""
    centres = np.array([(spot.x, spot.y) for spot in spots], np.float64).reshape(-1, 2)
    return centres, np.array([max(1.5, spot.width) for spot in spots], np.float64)


def _finder(setting: Setting) -> Find:
    return lambda one: setting.find(one.pixels)


def _total(find: Find, frames: Sequence[Simulated]) -> Score:
    counts = Score()
    for one in frames:
        counts += score(find(one), *truth(one.spots))
    return counts


def _best_threshold(served: Served, dev: Sequence[Simulated]) -> float:
    found = [served.detect([one.pixels])[0] for one in dev]

    def f1(threshold: float) -> float:
        counts = Score()
        for one, detections in zip(dev, found, strict=True):
            counts += score(detections.at(threshold).centres, *truth(one.spots))
        return counts.f1

    return max(THRESHOLDS, key=f1)


def _best_setting(settings: Sequence[Setting], dev: Sequence[Simulated]) -> Setting:
    prepared: dict[Preparation, list[Floats]] = {}

    def f1(setting: Setting) -> float:
        before = setting.preparation
        if before not in prepared:
            prepared[before] = [before(one.pixels) for one in dev]
        counts = Score()
        for one, frame in zip(dev, prepared[before], strict=True):
            counts += score(setting.detect(frame), *truth(one.spots))
        return counts.f1

    return max(settings, key=f1)


def _pairs_found(find: Find, frames: Sequence[Simulated], spacing: float) -> tuple[float, Score]:
    """Share of pairs of which both were found, each within half the spacing if that is less."""
    both, every, counts = 0, 0, Score()
    for one in frames:
        centres, reach = truth(one.spots)
        sigma = one.spots[0].sigma if one.spots else 1.0
        found = find(one)
        hit = {b for _, b in match(found, centres, np.minimum(reach, spacing * sigma / 2))}
        both += sum(at in hit and at + 1 in hit for at in range(0, len(centres), 2))
        every += len(centres) // 2
        counts += Score(len(hit), len(centres) - len(hit), len(found) - len(hit))
    return both / max(1, every), counts


def _centre_error(find: Find, frames: Sequence[Simulated]) -> float:
    errors: list[float] = []
    for one in frames:
        centres, reach = truth(one.spots)
        found = find(one)
        errors += [
            float(np.hypot(*(found[a] - centres[b]))) for a, b in match(found, centres, reach)
        ]
    return float(np.median(errors)) if errors else float("nan")


def _overlaps(served: Served, threshold: float, one: Simulated) -> npt.NDArray[np.float64]:
    """IoU of each hit's box with the true one, which is cut off at the frame's border like it."""
    found = served.detect([one.pixels])[0].at(threshold)
    centres, reach = truth(one.spots)
    rows, columns = one.pixels.shape
    shares = []
    for a, b in match(found.centres, centres, reach):
        x, y, side, _ = one.spots[b].box
        left, top = max(0.0, x), max(0.0, y)
        right, bottom = min(columns, x + side), min(rows, y + side)
        real = np.array([[left, top, right - left, bottom - top]])
        shares.append(float(intersection_over_union(found.boxes[a], real)[0]))
    return np.array(shares)
