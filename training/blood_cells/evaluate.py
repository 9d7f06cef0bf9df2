"""What the card says in numbers, measured on the bundle as it is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dropsight.domain.manifests import load_manifest

from .average_precision import (
    Curve,
    Matches,
    average_precision,
    best_threshold,
    bootstrap,
    curve,
    mean_over_ious,
)
from .data import Truth
from .pipeline import find_in_files, matches_of, milliseconds
from .settings import LABELS

IOU_CHOICES = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65)
AT = (0.5,)
"""Enough to choose by."""


@dataclass(frozen=True)
class OperatingPoints:
    """What is chosen on dev: the suppression's IoU and a threshold for each label."""

    iou: float
    thresholds: tuple[float, ...]
    map50: float
    """On dev, at that IoU."""


@dataclass(frozen=True)
class LabelScore:
    """One label on val; `low` and `high` bound the 95 % bootstrap interval of `ap50`."""

    truths: int
    ap50: float
    low: float
    high: float
    ap: float
    """Mean over IoU 0.5 to 0.95."""
    threshold: float
    precision: float
    recall: float
    count_error: float
    """Mean over pictures of |found - labelled|."""
    count_bias: float
    """Mean over pictures of found - labelled."""
    curve: Curve


@dataclass(frozen=True)
class Report:
    pictures: int
    labels: dict[str, LabelScore]
    milliseconds: dict[int, float]
    """By batch size, with two threads."""

    @property
    def map50(self) -> float:
        return float(np.mean([score.ap50 for score in self.labels.values()]))

    @property
    def map(self) -> float:
        return float(np.mean([score.ap for score in self.labels.values()]))


def choose(bundle: Path, dev: Sequence[Truth]) -> OperatingPoints:
    """The IoU with the best mAP@0.5 on dev, then for each label the score with the best F1."""
    findings = find_in_files(bundle, dev)
    best: OperatingPoints | None = None
    for iou in IOU_CHOICES:
        by_label = matches_of(findings, dev, 0.0, iou, AT)
        value = float(np.nanmean([average_precision(pictures) for pictures in by_label]))
        if best is None or value > best.map50:
            thresholds = tuple(best_threshold(pictures) for pictures in by_label)
            best = OperatingPoints(iou, thresholds, value)
    if best is None:
        raise ValueError("IOU_CHOICES is empty")
    return best


def evaluate(bundle: Path, truths: Sequence[Truth]) -> Report:
    """All numbers of the card."""
    manifest = load_manifest(bundle)
    iou = manifest.candidates.iou
    findings = find_in_files(bundle, truths)
    everything = matches_of(findings, truths, 0.0, iou)
    operating = matches_of(findings, truths, None, iou, AT)
    return Report(
        pictures=len(truths),
        labels={
            label: _label_score(everything[k], operating[k], manifest.label(label).threshold)
            for k, label in enumerate(LABELS)
        },
        milliseconds={batch: milliseconds(bundle, batch, threads=2) for batch in (1, 8)},
    )


def _label_score(
    everything: Sequence[Matches], operating: Sequence[Matches], threshold: float
) -> LabelScore:
    low, high = bootstrap(everything)
    found = np.array([one.right.shape[1] for one in operating])
    right = sum(int(one.right[0].sum()) for one in operating)
    labelled = np.array([one.truths for one in operating])
    return LabelScore(
        truths=int(labelled.sum()),
        ap50=average_precision(everything),
        low=low,
        high=high,
        ap=mean_over_ious(everything),
        threshold=threshold,
        precision=right / max(1, int(found.sum())),
        recall=right / max(1, int(labelled.sum())),
        count_error=float(np.abs(found - labelled).mean()),
        count_bias=float((found - labelled).mean()),
        curve=curve(everything),
    )
