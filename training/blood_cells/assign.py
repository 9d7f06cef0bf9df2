"""Task-aligned assignment (TOOD, arXiv:2108.07755): which anchors answer for which object."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Assignment:
    """What each anchor is to say, for a batch of N.

    boxes   (N, anchors, 4) of the object assigned, left, top, right, bottom
    scores  (N, anchors, labels) wanted scores; 0 for an anchor without an object
    """

    boxes: Tensor
    scores: Tensor

    @property
    def chosen(self) -> Tensor:
        """bool (N, anchors): has an object."""
        return self.scores.sum(-1) > 0


def pairwise_iou(one: Tensor, other: Tensor) -> Tensor:
    """(..., n, 4) and (..., m, 4) boxes, left, top, right, bottom: IoU (..., n, m)."""
    low = torch.maximum(one[..., :, None, :2], other[..., None, :, :2])
    high = torch.minimum(one[..., :, None, 2:], other[..., None, :, 2:])
    common = (high - low).clamp(min=0).prod(-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1) for boxes in (one, other)]
    union = areas[0][..., :, None] + areas[1][..., None, :] - common
    return common / union.clamp(min=1e-9)


def inside(centres: Tensor, boxes: Tensor) -> Tensor:
    """Whether each centre (anchors, 2) lies within each box (N, m, 4): bool (N, m, anchors)."""
    low = centres[None, None] - boxes[..., None, :2]
    high = boxes[..., None, 2:] - centres[None, None]
    return torch.cat([low, high], -1).amin(-1) > 0


@torch.no_grad()
def assign(
    scores: Tensor,
    boxes: Tensor,
    centres: Tensor,
    truth_boxes: Tensor,
    truth_labels: Tensor,
    nearest: int,
    score_power: float,
    iou_power: float,
) -> Assignment:
    """Give each object the `nearest` anchors inside it that are best aligned with it.

    alignment = score ** score_power * IoU ** iou_power, of the anchor's own prediction. An anchor
    wanted by several objects goes to the one with the highest IoU. The wanted score of an anchor is
    its alignment, scaled so that the best anchor of an object is asked for that object's best IoU.

    scores (N, anchors, labels) in [0, 1]; boxes (N, anchors, 4); centres (anchors, 2);
    truth_boxes (N, m, 4); truth_labels (N, m), negative where there is none.
    """
    real = truth_labels >= 0
    labels = truth_labels.clamp(min=0)
    iou = pairwise_iou(truth_boxes, boxes)
    score = scores.transpose(1, 2).gather(1, labels[..., None].expand(-1, -1, boxes.shape[1]))
    able = inside(centres, truth_boxes) & real[..., None]
    alignment = score**score_power * iou**iou_power * able
    top, where = alignment.topk(min(nearest, alignment.shape[-1]), -1)
    wanted = torch.zeros_like(able).scatter_(-1, where, top > 1e-12)
    # Each anchor has one owner: the highest IoU among those that want it.
    owner = iou.masked_fill(~wanted, -1).argmax(1, keepdim=True)
    owned = torch.zeros_like(wanted).scatter_(1, owner, True) & wanted
    alignment, iou = alignment * owned, iou * owned
    scaled = alignment / alignment.amax(-1, keepdim=True).clamp(min=1e-12)
    strength = (scaled * iou.amax(-1, keepdim=True)).amax(1)
    index = owner[:, 0]
    label = labels.gather(1, index)
    wanted_scores = torch.zeros_like(scores).scatter_(2, label[..., None], strength[..., None])
    return Assignment(truth_boxes.gather(1, index[..., None].expand(-1, -1, 4)), wanted_scores)
