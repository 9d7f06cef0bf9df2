"""The net: local normalisation, a small U-shaped stack of convolutions, a point-by-point head.

Detection by points (Zhou, Wang and Krähenbühl 2019, arXiv:1904.07850): for each pixel the chance
that a particle's centre lies in it, where exactly, and how large its box is. The stack works at
half the resolution; the head gives four sets of numbers for each of its cells, one for each pixel.
Of a peak of chances only the top is kept, in the graph, by comparing each pixel with its eight
neighbours, so two particles 2 px apart stay two. At most one pixel of each 2 x 2 cell can be such a
top, so the output has one candidate for each cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 2
CHANNELS = (32, 64, 96)
GAUSSIAN_LAG = 1.0461
"""Standard deviation of Gaussian noise for each 1 of (mean of sqrt|d|)², d being differences of two
samples: d ~ Normal(0, 2 s²) has E sqrt|d| = 2^(1/4) Gamma(3/4) / sqrt(pi) * (sqrt 2 s)^(1/2)."""


def asinh(x: Tensor) -> Tensor:
    """In operators that the tracing exporter knows; it has none for `torch.asinh`."""
    return x.sign() * (x.abs() + (x * x + 1.0).sqrt()).log()


class Normalise(nn.Module):
    """(x - background) / noise, both local and robust; then asinh, which is linear for small values
    and logarithmic for large ones.

    A shift or a change of gain of the whole frame changes nothing. Noise: from differences of
    pixels 3 apart, whose mean of square roots hardly feels the few that lie on particles.
    Background: a low envelope (the darkest 4 x 4 block around), then the mean of what lies within
    a few noises of it, twice. Everything at a quarter of the resolution, over `reach` blocks.
    """

    def __init__(self, reach: int = 9, floor: float = 0.1) -> None:
        super().__init__()
        self.reach, self.floor = reach, floor

    def forward(self, x: Tensor) -> Tensor:
        """float32 (N, 1, rows, columns), any unit of which 1 is no more than a grey level."""
        across = F.pad((x[..., 3:] - x[..., :-3]).abs(), (1, 2, 0, 0), mode="replicate")
        down = F.pad((x[..., 3:, :] - x[..., :-3, :]).abs(), (0, 0, 1, 2), mode="replicate")
        roots = (across + 1e-12).sqrt() + (down + 1e-12).sqrt()
        noise = GAUSSIAN_LAG * (self._around(F.avg_pool2d(roots, 4)) / 2) ** 2 + self.floor
        blocks = F.avg_pool2d(x, 4)
        half = self.reach // 2
        lowest = -F.max_pool2d(F.pad(-blocks, (half,) * 4, mode="replicate"), self.reach, 1)
        level, wide = self._finer(self._around(lowest)), self._finer(noise)
        for above in (4.0, 2.5):
            held = torch.minimum(torch.maximum(x, level - 3.0 * wide), level + above * wide)
            level = self._finer(self._around(F.avg_pool2d(held, 4)))
        return asinh((x - level) / wide)

    def _around(self, blocks: Tensor) -> Tensor:
        half = self.reach // 2
        return F.avg_pool2d(F.pad(blocks, (half,) * 4, mode="replicate"), self.reach, 1)

    @staticmethod
    def _finer(blocks: Tensor) -> Tensor:
        return F.interpolate(blocks, scale_factor=4.0, mode="bilinear", align_corners=False)


class Block(nn.Module):
    """Two 3 x 3 convolutions around which the input passes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.body(x))


def step(inside: int, outside: int, kernel: int, stride: int) -> nn.Sequential:
    """Convolution, norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2 if stride == 1 else 0, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
    )


class SpotNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = CHANNELS
        self.normalise = Normalise()
        self.stem = nn.Sequential(nn.PixelUnshuffle(STRIDE), step(4, fine, 3, 1), Block(fine))
        self.shrink = nn.Sequential(step(fine, middle, 2, 2), Block(middle), Block(middle))
        self.deepest = nn.Sequential(step(middle, coarse, 2, 2), Block(coarse), Block(coarse))
        self.to_middle = step(coarse, middle, 1, 1)
        self.join_middle = Block(middle)
        self.to_fine = step(middle, fine, 1, 1)
        self.join_fine = nn.Sequential(Block(fine), Block(fine))
        self.head = nn.Sequential(
            step(fine, 2 * fine, 3, 1), nn.Conv2d(2 * fine, 4 * STRIDE**2, 1), nn.PixelShuffle(2)
        )
        last: nn.Conv2d = self.head[1]
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)
        with torch.no_grad():
            # The order of PixelShuffle: all pixels of the first map, then those of the next.
            last.bias[: STRIDE**2] = -math.log((1 - 0.01) / 0.01)
            last.bias[3 * STRIDE**2 :] = math.log(8.0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, rows, columns) -> (N, 4, rows, columns): logit of the centre, offsets x and y
        from the middle of the pixel in px, log of the box's side in px."""
        with torch.autocast("cpu", enabled=False):
            x = self.normalise(x.float())
        fine = self.stem(x)
        middle = self.shrink(fine)
        coarse = self.deepest(middle)
        middle = self.join_middle(middle + self._twice(self.to_middle(coarse)))
        fine = self.join_fine(fine + self._twice(self.to_fine(middle)))
        return self.head(fine)

    @staticmethod
    def _twice(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Candidates(nn.Module):
    """The net and the reading of its maps: what is exported.

    (N, 1, rows, columns) -> (N, 5, rows / 2 * columns / 2): centre x, centre y, width, height in
    px of the input, and the score in [0, 1], which is 0 where there is no peak.
    """

    def __init__(self, net: Callable[[Tensor], Tensor], rows: int, columns: int) -> None:
        super().__init__()
        self.net = net
        y, x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
        self.register_buffer("middles", torch.stack([x, y])[None])

    def forward(self, x: Tensor) -> Tensor:
        maps = self.net(x)
        score = maps[:, :1].sigmoid()
        top = (score >= F.max_pool2d(score, 3, 1, 1)).float()
        centre = self.middles + maps[:, 1:3]
        side = maps[:, 3:].clamp(max=4.0).exp()
        values = torch.cat([centre, side, side], 1)
        share = F.avg_pool2d(top, STRIDE)
        # Where a cell has no top, or (equal scores) several, the mean of all that count.
        chosen = F.avg_pool2d(values * top, STRIDE) / share.clamp(min=0.25 / STRIDE**2)
        boxes = torch.cat([chosen, F.max_pool2d(score * top, STRIDE)], 1)
        return boxes.flatten(2)
