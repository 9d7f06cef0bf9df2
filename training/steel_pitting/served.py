"""What is exported: one prepared image in, boxes, labels, scores and whole masks out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .network import PittingNet


def paste_masks(masks: Tensor, boxes: Tensor, height: int, width: int) -> Tensor:
    """Masks of boxes as masks of the whole image: (n, 1, height, width), 0 outside the boxes.

    masks: (n, 1, m, m) in [0, 1], its pixels evenly spread over the box. boxes: (n, 4) left, top,
    right, bottom in pixels of the image. Bilinear between the middles of the mask's pixels, and as
    in its outermost pixels up to the edge of the box. As bilinear weights of rows and columns are
    apart, this is rows @ mask @ columns.
    """
    size = masks.shape[-1]
    rows = _weights(boxes[:, 1], boxes[:, 3], height, size)
    columns = _weights(boxes[:, 0], boxes[:, 2], width, size)
    pasted = torch.matmul(torch.matmul(rows, masks[:, 0]), columns.transpose(1, 2))
    return pasted[:, None]


def _weights(start: Tensor, end: Tensor, count: int, size: int) -> Tensor:
    """(n, count, size): share of each of `size` mask pixels in each of `count` image pixels."""
    middles = torch.arange(count, dtype=torch.float32, device=start.device)[None] + 0.5
    share = (middles - start[:, None]) / (end - start).clamp(min=1e-3)[:, None]
    place = (share * size - 0.5).clamp(0, size - 1)
    pixels = torch.arange(size, dtype=torch.float32, device=start.device)[None, None]
    distance = (place[:, :, None] - pixels).abs()
    inside = ((share >= 0) & (share < 1)).float()
    return (1 - distance).clamp(min=0) * inside[:, :, None]


class Served(nn.Module):
    """image float32 (1, 3, height, width) -> boxes, labels, scores, masks of InstanceOutput."""

    def __init__(self, net: PittingNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        found = self.net.detect(image)[0]
        masks = paste_masks(
            found["masks"], found["boxes"], int(image.shape[2]), int(image.shape[3])
        )
        return found["boxes"], found["labels"], found["scores"], masks
