"""A net's answers for prepared pictures, and how right they are; used while training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dropsight.domain.suppression import suppress

from .average_precision import Matches, average_precision, match, mean_over_ious
from .data import Sample
from .geometry import Pixels
from .manifest import MINIMUM_SCORE
from .network import anchors, decode
from .settings import LABELS, Recipe

IOU = 0.5
"""Of the suppression while training; the bundle's own is chosen afterwards."""


@dataclass(frozen=True)
class Objects:
    """boxes float64 (n, 4): x, y, width, height in pixels of the picture; scores, labels (n,)."""

    boxes: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    def of(self, label: int) -> Objects:
        chosen = self.labels == label
        return Objects(self.boxes[chosen], self.scores[chosen], self.labels[chosen])


def stack(pictures: Sequence[Pixels], recipe: Recipe) -> Tensor:
    """float32 (N, 3, h, w), normalised, in the memory order that a CPU's convolutions like."""
    pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return (pixels.float() / 255 - recipe.mean) / recipe.std


@torch.no_grad()
def find(net: nn.Module, pictures: Sequence[Pixels], recipe: Recipe) -> list[Objects]:
    """What is left after suppression, for each picture of the size that is served."""
    net.eval()
    grid = anchors(recipe.width, recipe.height)
    found: list[Objects] = []
    for start in range(0, len(pictures), recipe.batch):
        with torch.autocast("cpu", torch.bfloat16):
            logits, sides = net(stack(pictures[start : start + recipe.batch], recipe))
        boxes = decode(sides.float(), *grid)
        boxes[..., 2:] -= boxes[..., :2]
        scores = logits.float().sigmoid()
        found += [
            _suppressed(one.double().numpy(), chance.double().numpy())
            for one, chance in zip(boxes, scores, strict=True)
        ]
    return found


def _suppressed(boxes: npt.NDArray[np.float64], chances: npt.NDArray[np.float64]) -> Objects:
    scores, labels = chances.max(1), chances.argmax(1)
    kept: list[int] = []
    for label in range(len(LABELS)):
        able = np.flatnonzero((labels == label) & (scores >= MINIMUM_SCORE))
        kept += able[suppress(boxes[able], scores[able], IOU)].tolist()
    return Objects(boxes[kept], scores[kept], labels[kept])


def matches(found: Sequence[Objects], samples: Sequence[Sample]) -> list[list[Matches]]:
    """By label, then by picture."""
    return [
        [
            match(objects.of(k).boxes, objects.of(k).scores, _truths(sample, k))
            for objects, sample in zip(found, samples, strict=True)
        ]
        for k in range(len(LABELS))
    ]


def _truths(sample: Sample, label: int) -> npt.NDArray[np.float64]:
    boxes: npt.NDArray[np.float64] = sample.boxes[sample.labels == label].astype(np.float64)
    boxes[:, 2:] -= boxes[:, :2]
    return boxes


def score(net: nn.Module, samples: Sequence[Sample], recipe: Recipe) -> dict[str, float]:
    """AP@0.5 by label, their mean `map50`, and mAP@0.5:0.95 as `map`."""
    by_label = matches(find(net, [sample.pixels for sample in samples], recipe), samples)
    each = {
        f"ap_{label.lower()}": average_precision(pictures)
        for label, pictures in zip(LABELS, by_label, strict=True)
    }
    return {
        "map": float(np.nanmean([mean_over_ious(pictures) for pictures in by_label])),
        "map50": float(np.nanmean(list(each.values()))),
        **each,
    }
