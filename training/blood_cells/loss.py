"""What the net is asked to bring down: label, box and side-distribution losses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .assign import Assignment, assign, inside
from .network import BINS, decode
from .settings import Recipe


@dataclass(frozen=True)
class Losses:
    """Weighted parts, scalars."""

    labels: Tensor
    boxes: Tensor
    sides: Tensor

    @property
    def total(self) -> Tensor:
        return self.labels + self.boxes + self.sides


def complete_iou(one: Tensor, other: Tensor) -> Tensor:
    """CIoU (arXiv:1911.08287) of boxes (n, 4), left, top, right, bottom: (n,), at most 1."""
    low, high = torch.maximum(one[:, :2], other[:, :2]), torch.minimum(one[:, 2:], other[:, 2:])
    common = (high - low).clamp(min=0).prod(-1)
    sides, others = (one[:, 2:] - one[:, :2]).clamp(min=1e-3), other[:, 2:] - other[:, :2]
    iou = common / (sides.prod(-1) + others.prod(-1) - common).clamp(min=1e-9)
    hull = torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])
    apart = ((one[:, :2] + one[:, 2:] - other[:, :2] - other[:, 2:]) / 2).square().sum(-1)
    angle = torch.atan(others[:, 0] / others[:, 1]) - torch.atan(sides[:, 0] / sides[:, 1])
    shape = 4 / math.pi**2 * angle.square()
    with torch.no_grad():
        share = shape / (1 - iou + shape).clamp(min=1e-9)
    return iou - apart / hull.square().sum(-1).clamp(min=1e-9) - share * shape


def side_loss(sides: Tensor, wanted: Tensor) -> Tensor:
    """Distribution focal loss (arXiv:2006.04388), mean over the four sides: (n,).

    Cross-entropy with the two whole steps next to the wanted distance, weighted by nearness.

    sides (n, 4, BINS) logits; wanted (n, 4) distances in strides.
    """
    wanted = wanted.clamp(0, BINS - 1 - 0.01)
    below = wanted.floor()
    nearness = wanted - below
    logs = sides.log_softmax(-1)
    at = below.long()[..., None]
    low, high = logs.gather(-1, at)[..., 0], logs.gather(-1, at + 1)[..., 0]
    return -(low * (1 - nearness) + high * nearness).mean(-1)


def unsure(centres: Tensor, truth_boxes: Tensor, truth_labels: Tensor, labels: int) -> Tensor:
    """Whether an anchor lies in a region marked ~k for label k: bool (N, anchors, labels)."""
    within = inside(centres, truth_boxes)
    marks = [(within & (truth_labels == ~k)[..., None]).any(1) for k in range(labels)]
    return torch.stack(marks, -1)


def losses(
    label_logits: Tensor,
    sides: Tensor,
    grid: tuple[Tensor, Tensor],
    truth_boxes: Tensor,
    truth_labels: Tensor,
    recipe: Recipe,
) -> Losses:
    """For a batch of N; every part is divided by the sum of wanted scores.

    label_logits (N, anchors, labels), sides (N, anchors, 4, BINS); grid as from `anchors`;
    truth_boxes (N, m, 4) and truth_labels (N, m), padded with a label that is no label
    (see `Sample.labels` for the negative ones that mean something).
    """
    centres, strides = grid
    boxes = decode(sides, centres, strides)
    found: Assignment = assign(
        label_logits.detach().sigmoid(),
        boxes.detach(),
        centres,
        truth_boxes,
        truth_labels,
        recipe.nearest,
        recipe.score_power,
        recipe.iou_power,
    )
    total = found.scores.sum().clamp(min=1)
    each = F.binary_cross_entropy_with_logits(label_logits, found.scores, reduction="none")
    left_out = unsure(centres, truth_boxes, truth_labels, label_logits.shape[-1])
    by_label = each.masked_fill(left_out & (found.scores == 0), 0).sum() / total

    chosen = found.chosen
    weight = found.scores.sum(-1)[chosen]
    wanted = found.boxes[chosen]
    by_box = ((1 - complete_iou(boxes[chosen], wanted)) * weight).sum() / total
    at, stride = centres.expand(len(boxes), -1, -1)[chosen], strides.expand(len(boxes), -1, -1)
    distance = torch.cat([at - wanted[:, :2], wanted[:, 2:] - at], -1) / stride[chosen]
    by_side = (side_loss(sides[chosen], distance) * weight).sum() / total
    return Losses(
        by_label * recipe.class_weight,
        by_box * recipe.box_weight,
        by_side * recipe.distribution_weight,
    )
