"""Scores a finished bundle as it is served: dropsight's imaging, then the container's engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dropsight.domain.results import Finding
from dropsight.domain.suppression import shown
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics

from .data import Picture
from .measure import Comparison, ap_of, compare, interval, pixel_counts
from .serving import prepared

SIZES = ((0, 64), (64, 256), (256, 100_000))
"""Area classes of defects in source pixels, the upper bound exclusive."""
TIMED = 10

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Part:
    """Some of the defects: how many, and which share was found at the threshold."""

    defects: int
    by_box: float
    """By a box with an IoU of at least 0.5."""
    touched: float
    """By a mask with an IoU of at least 0.1."""


@dataclass(frozen=True)
class Report:
    """Everything that the card says of one set of pictures."""

    pictures: int
    groups: int
    box_ap: Figure
    mask_ap: Figure
    dice: Figure
    """Of all pixels of all pictures together."""
    iou: Figure
    all_defects: Part
    by_size: dict[str, Part]
    pictures_found: float
    """Share of pictures in which at least one defect is touched."""
    false_boxes: float
    """In a picture: boxes at the threshold that are not right."""
    false_alarms: float
    """In a picture: those of them whose mask touches no defect."""
    by_kind: dict[str, tuple[int, float, float]]
    """Of `T1` and `T2`: pictures, AP of boxes, AP of masks."""
    milliseconds: float
    """Forward pass of one picture, the fastest of `TIMED`."""
    comparisons: list[Comparison]


def findings_of(bundle: Path, pictures: Sequence[Picture]) -> tuple[list[list[Finding]], float]:
    """What a client is shown of each picture at the lowest score, and milliseconds for one."""
    model = load_model(bundle, threads=2)
    engine = Engine({"m": model}, batch_size=1, batch_wait_ms=0, metrics=Metrics())
    found, times = [], []
    try:
        for frame in prepared(pictures, model.manifest):
            prediction = engine.predict("m", frame)
            every = prediction.findings
            found.append([every[i] for i in shown(every, 0.0, model.manifest.candidates.iou)])
            if len(times) < TIMED:
                times.append(prediction.timeline["predict.forward"])
    finally:
        engine.close()
    return found, min(times)


def evaluate(bundle: Path, pictures: Sequence[Picture], threshold: float) -> Report:
    """All numbers of one set of pictures, counted at `threshold`."""
    found, milliseconds = findings_of(bundle, pictures)
    compared = [compare(*pair) for pair in zip(pictures, found, strict=True)]
    counts = np.array(
        [pixel_counts(*pair, threshold) for pair in zip(pictures, found, strict=True)], np.float64
    )
    groups = [one.group for one in pictures]

    def figure(of: Callable[[Positions], float]) -> Figure:
        return Figure(of(np.arange(len(pictures))), *interval(groups, of))

    def ap(by: str) -> Figure:
        return figure(lambda chosen: ap_of([compared[i] for i in chosen], by))

    kinds = {
        kind: [x for x, one in zip(compared, pictures, strict=True) if one.kind == kind]
        for kind in sorted({one.kind for one in pictures})
    }
    wrong = [(x.scores >= threshold) & ~x.box_hits for x in compared]
    return Report(
        pictures=len(pictures),
        groups=len(set(groups)),
        box_ap=ap("box"),
        mask_ap=ap("mask"),
        dice=figure(lambda chosen: _dice(counts[chosen].sum(axis=0))),
        iou=figure(lambda chosen: _iou(counts[chosen].sum(axis=0))),
        all_defects=_part(compared, threshold, (0, 10**9)),
        by_size={_name(size): _part(compared, threshold, size) for size in SIZES},
        pictures_found=float(
            np.mean([x.touch_scores.max(initial=-1.0) >= threshold for x in compared])
        ),
        false_boxes=float(np.mean([one.sum() for one in wrong])),
        false_alarms=float(
            np.mean([(w & ~x.touches).sum() for w, x in zip(wrong, compared, strict=True)])
        ),
        by_kind={
            kind: (len(some), ap_of(some, "box"), ap_of(some, "mask"))
            for kind, some in kinds.items()
        },
        milliseconds=milliseconds,
        comparisons=compared,
    )


def _name(size: tuple[int, int]) -> str:
    low, high = size
    if low == 0:
        return f"below {high}"
    return f"{low} to {high - 1}" if high < SIZES[-1][1] else f"{low} and more"


def _part(compared: Sequence[Comparison], threshold: float, size: tuple[int, int]) -> Part:
    areas = np.concatenate([x.areas for x in compared])
    chosen = (areas >= size[0]) & (areas < size[1])
    boxes = np.concatenate([x.box_scores for x in compared])[chosen]
    touched = np.concatenate([x.touch_scores for x in compared])[chosen]
    if not chosen.any():
        return Part(0, float("nan"), float("nan"))
    return Part(
        int(chosen.sum()), float((boxes >= threshold).mean()), float((touched >= threshold).mean())
    )


def _dice(counts: npt.NDArray[np.float64]) -> float:
    return float(2 * counts[0] / max(counts[1] + counts[2], 1.0))


def _iou(counts: npt.NDArray[np.float64]) -> float:
    return float(counts[0] / max(counts[1] + counts[2] - counts[0], 1.0))
