"""A small anchor-free detector in the manner of YOLOv8, 2.4 million weights.

Blocks with cross-stage partial connections (C2f), a pyramid that goes down and up again, and at
each of three strides two small heads: one for the box, one for the labels. A box is the distance of
its four sides from the anchor's centre, each told as a distribution over `BINS` steps of the stride
(distribution focal loss, arXiv:2006.04388).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .settings import LABELS, STRIDES

BINS = 16
WIDTHS = (16, 32, 64, 128, 192)
HEAD = 64


class Conv(nn.Sequential):
    """Convolution, batch norm, SiLU; the same size for stride 1."""

    def __init__(self, inputs: int, outputs: int, side: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03),
            nn.SiLU(inplace=True),
        )


class Bottleneck(nn.Module):
    def __init__(self, width: int, shortcut: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(Conv(width, width, 3), Conv(width, width, 3))
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x)
        return x + out if self.shortcut else out


class C2f(nn.Module):
    """Half of the channels pass by; what each bottleneck gives is kept for the end."""

    def __init__(self, inputs: int, outputs: int, depth: int = 1, shortcut: bool = False) -> None:
        super().__init__()
        half = outputs // 2
        self.enter = Conv(inputs, outputs)
        self.blocks = nn.ModuleList(Bottleneck(half, shortcut) for _ in range(depth))
        self.leave = Conv((2 + depth) * half, outputs)

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        out: Tensor = self.leave(torch.cat(parts, 1))
        return out


class Pooling(nn.Module):
    """Three poolings in a row, side by side with what they pooled (SPPF): sees the whole frame."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter, self.leave = Conv(width, width // 2), Conv(width * 2, width)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        out: Tensor = self.leave(torch.cat(parts, 1))
        return out


class Detector(nn.Module):
    """Raw answers by anchor; `decode` and `Served` make boxes and scores of them.

    Input float32 (N, 3, h, w), sides divisible by 32. Output: label logits (N, anchors, labels) and
    logits of the side distances (N, anchors, 4, BINS); anchors row by row, stride 8 first.
    """

    def __init__(self) -> None:
        super().__init__()
        w1, w2, w3, w4, w5 = WIDTHS
        self.stem = nn.Sequential(Conv(3, w1, 3, 2), Conv(w1, w2, 3, 2), C2f(w2, w2, 1, True))
        self.stage3 = nn.Sequential(Conv(w2, w3, 3, 2), C2f(w3, w3, 2, True))
        self.stage4 = nn.Sequential(Conv(w3, w4, 3, 2), C2f(w4, w4, 2, True))
        self.stage5 = nn.Sequential(Conv(w4, w5, 3, 2), C2f(w5, w5, 1, True), Pooling(w5))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.down4, self.down3 = C2f(w5 + w4, w4), C2f(w4 + w3, w3)
        self.shrink3, self.up4 = Conv(w3, w3, 3, 2), C2f(w3 + w4, w4)
        self.shrink4, self.up5 = Conv(w4, w4, 3, 2), C2f(w4 + w5, w5)
        levels = (w3, w4, w5)
        self.sides = nn.ModuleList(self._head(width, 4 * BINS) for width in levels)
        self.labels = nn.ModuleList(self._head(width, len(LABELS)) for width in levels)
        for head, stride in zip(self.labels, STRIDES, strict=True):
            # About five objects of each label in a frame of 640 x 480, before anything is learned.
            chance = 5 / (640 / stride) / (480 / stride)
            nn.init.constant_(head[-1].bias, math.log(chance / (1 - chance)))

    @staticmethod
    def _head(width: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(Conv(width, HEAD, 3), Conv(HEAD, HEAD, 3), nn.Conv2d(HEAD, outputs, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        p3 = self.stage3(self.stem(image))
        p4 = self.stage4(p3)
        p5 = self.stage5(p4)
        p4 = self.down4(torch.cat([self.up(p5), p4], 1))
        p3 = self.down3(torch.cat([self.up(p4), p3], 1))
        p4 = self.up4(torch.cat([self.shrink3(p3), p4], 1))
        p5 = self.up5(torch.cat([self.shrink4(p4), p5], 1))
        levels = (p3, p4, p5)
        labels = [head(x).flatten(2) for head, x in zip(self.labels, levels, strict=True)]
        sides = [head(x).flatten(2) for head, x in zip(self.sides, levels, strict=True)]
        return (
            torch.cat(labels, 2).transpose(1, 2),
            torch.cat(sides, 2).transpose(1, 2).unflatten(2, (4, BINS)),
        )


def anchors(width: int, height: int) -> tuple[Tensor, Tensor]:
    """Centres in pixels (anchors, 2) and strides (anchors, 1), in the order of `Detector`."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        centres.append((torch.stack([x, y], 2).reshape(-1, 2) + 0.5) * stride)
        strides.append(torch.full((rows * columns, 1), float(stride)))
    return torch.cat(centres), torch.cat(strides)


def distances(sides: Tensor) -> Tensor:
    """Expected distance of each side in strides: (..., 4, BINS) becomes (..., 4)."""
    steps = torch.arange(BINS, dtype=sides.dtype)
    return (sides.softmax(-1) * steps).sum(-1)


def decode(sides: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Boxes left, top, right, bottom in pixels, (N, anchors, 4), of what the net says of sides."""
    left_top, right_bottom = (distances(sides) * strides).chunk(2, -1)
    return torch.cat([centres - left_top, centres + right_bottom], -1)
