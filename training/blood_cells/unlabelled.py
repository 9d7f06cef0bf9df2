"""Red cells that the annotators left out, as far as the net itself can tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import nn

from dropsight.domain.suppression import intersection_over_union

from .average_precision import Array
from .data import Sample
from .geometry import Floats
from .scoring import Objects, find
from .settings import RBC, Recipe


def unlabelled(net: nn.Module, samples: Sequence[Sample], recipe: Recipe) -> list[Floats]:
    """For each picture, boxes (n, 4) of confident red cells far from every labelled one."""
    found = find(net, [sample.pixels for sample in samples], recipe)
    return [
        _unmatched(objects.of(RBC), sample, recipe)
        for objects, sample in zip(found, samples, strict=True)
    ]


def _unmatched(found: Objects, sample: Sample, recipe: Recipe) -> Floats:
    truths = _sides(sample.boxes[sample.labels == RBC].astype(np.float64))
    boxes = [
        box
        for box, score in zip(found.boxes, found.scores, strict=True)
        if score >= recipe.unlabelled_score
        and intersection_over_union(box, truths).max(initial=0.0) < recipe.unlabelled_iou
    ]
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return corners


def marked(sample: Sample, boxes: Floats) -> Sample:
    """`sample` with `boxes` as regions where red cells may be; see `Sample.labels`."""
    marks = np.full(len(boxes), ~RBC, np.int64)
    return Sample(
        sample.pixels, np.vstack([sample.boxes, boxes]), np.concatenate([sample.labels, marks])
    )


def _sides(corners: Array) -> Array:
    """From left, top, right, bottom to x, y, width, height."""
    return np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
