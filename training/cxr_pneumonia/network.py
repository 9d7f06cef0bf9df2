"""A small CoAtNet (Dai et al. 2021, arXiv:2106.04803): convolution first, attention last.

For an input of (N, 1, 224, 224) float32, prepared as in `data.prepare`:

    stem    conv 3x3 / 2                            (N,  24, 112, 112)
    stage 1 fused MBConv / 2                        (N,  48,  56,  56)
    stage 2 MBConv / 2, MBConv                      (N,  96,  28,  28)
    stage 3 MBConv / 2, MBConv                      (N, 192,  14,  14)
    stage 4 3 transformer blocks with relative bias (N, 192,  14,  14)
    head    layer norm, global average pool, linear (N, 3)

Unlike the paper's, stage 4 keeps 14 x 14 positions, so that class activation maps stay useful.
Between the last features and the logits there is only a mean and a linear map: the class
activation map (Zhou et al. 2016, arXiv:1512.04150) is then Grad-CAM exactly.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

MAX_SIDE = 14
"""Positions per side that the relative bias is learnt for (224 px / 16)."""


class Standardise(nn.Module):
    """Each image to mean 0 and standard deviation 1: exposure and contrast stop to matter."""

    def forward(self, x: Tensor) -> Tensor:
        x = x - x.mean((2, 3), keepdim=True)
        return x / ((x * x).mean((2, 3), keepdim=True) + 1e-4).sqrt()


class MixStyle(nn.Module):
    """Mixes channel mean and deviation between images of a batch (arXiv:2104.02008).

    Training only, on half of the batches: a film keeps its content, and gets the style of another.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or torch.rand(()) < 0.5:
            return x
        wide = x.float()
        mean = wide.mean((2, 3), keepdim=True).detach()
        std = (wide.var((2, 3), keepdim=True) + 1e-5).sqrt().detach()
        order = torch.randperm(len(x))
        share = torch.distributions.Beta(0.2, 0.2).sample((len(x), 1, 1, 1))
        mixed_mean = share * mean + (1 - share) * mean[order]
        mixed_std = share * std + (1 - share) * std[order]
        return ((wide - mean) / std * mixed_std + mixed_mean).to(x.dtype)


class DropPath(nn.Module):
    """Stochastic depth (arXiv:1603.09382): leaves a residual branch out, per image."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        keep = torch.rand((len(x),) + (1,) * (x.ndim - 1)) >= self.rate
        return x * keep.to(x.dtype) / (1 - self.rate)


class ConvNorm(nn.Module):
    """Convolution and batch norm; `fold` makes one convolution of them for export."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False
        )
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))

    def fold(self) -> None:
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv, self.norm)
        self.norm = nn.Identity()


class MBConv(nn.Module):
    """Inverted residual; `fused` puts one full 3x3 convolution in place of 1x1 and depthwise."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, expansion: int, fused: bool, drop: float
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = (
            (ConvNorm(inputs, hidden, 3, stride),)
            if fused
            else (
                ConvNorm(inputs, hidden, 1),
                nn.SiLU(),
                ConvNorm(hidden, hidden, 3, stride, hidden),
            )
        )
        self.body = nn.Sequential(*widen, nn.SiLU(), ConvNorm(hidden, outputs, 1))
        self.drop = DropPath(drop)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.drop(self.body(x)) if self.residual else self.body(x)


class RelativeAttention(nn.Module):
    """Self-attention plus a learnt bias for each offset between two positions.

    A grid of side s <= MAX_SIDE uses the offsets it has, so one table serves every image size.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (width // heads) ** -0.5
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.table = nn.Parameter(torch.zeros(heads, (2 * MAX_SIDE - 1) ** 2))
        self.frozen_bias: Tensor | None = None

    def bias(self, side: int) -> Tensor:
        """(heads, side * side, side * side)."""
        if self.frozen_bias is not None:
            return self.frozen_bias
        at = torch.arange(side * side)
        row, column = at // side, at % side
        offset = (
            (row[:, None] - row[None] + MAX_SIDE - 1) * (2 * MAX_SIDE - 1)
            + column[:, None]
            - column[None]
            + MAX_SIDE
            - 1
        )
        return self.table[:, offset]

    def forward(self, x: Tensor, side: int) -> Tensor:
        """(N, side * side, width) -> the same shape."""
        count, width = side * side, x.shape[-1]
        q, k, v = (
            self.qkv(x)
            .reshape(-1, count, 3, self.heads, width // self.heads)
            .permute(2, 0, 3, 1, 4)
            .unbind(0)
        )
        weights = (q * self.scale @ k.transpose(-1, -2) + self.bias(side)).softmax(-1)
        return self.out((weights.to(v.dtype) @ v).transpose(1, 2).reshape(-1, count, width))


class TransformerBlock(nn.Module):
    """Pre-norm attention and feed-forward, each with a residual."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = RelativeAttention(width, heads)
        self.feed = nn.Sequential(
            nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width)
        )
        self.drop = DropPath(drop)

    def forward(self, x: Tensor, side: int) -> Tensor:
        x = x + self.drop(self.attention(self.norm1(x), side))
        return x + self.drop(self.feed(self.norm2(x)))


class SmallCoAtNet(nn.Module):
    """(N, 1, s, s) -> logits (N, 3) and activations (N, 3, s/16, s/16), s a multiple of 16.

    mean(activations[:, k]) + head.bias[k] = logits[:, k].
    """

    def __init__(self, labels: int = 3, blocks: int = 3, drop: float = 0.1) -> None:
        super().__init__()
        self.standardise = Standardise()
        self.stem = nn.Sequential(ConvNorm(1, 24, 3, 2), nn.SiLU())
        self.stage1 = MBConv(24, 48, 2, 3, True, 0)
        self.stage2 = nn.Sequential(
            MBConv(48, 96, 2, 4, False, 0), MBConv(96, 96, 1, 4, False, drop / 3)
        )
        self.stage3 = nn.Sequential(
            MBConv(96, 192, 2, 4, False, 0), MBConv(192, 192, 1, 3, False, drop / 2)
        )
        self.stage4 = nn.ModuleList(TransformerBlock(192, 6, drop) for _ in range(blocks))
        self.mix_style = MixStyle()
        self.norm = nn.LayerNorm(192)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(192, labels)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def features(self, x: Tensor) -> tuple[Tensor, int]:
        """(N, side * side, 192), and side."""
        x = self.mix_style(self.stage1(self.stem(self.standardise(x))))
        x = self.stage3(self.stage2(x))
        side = int(x.shape[-1])
        x = x.flatten(2).transpose(1, 2)
        for block in self.stage4:
            x = block(x, side)
        return self.norm(x), side

    def forward(self, x: Tensor) -> Tensor:
        """Logits alone, as training needs them."""
        features, _ = self.features(x)
        return self.head(self.dropout(features.mean(1)))


class Ensemble(nn.Module):
    """The mean of several nets as one graph: batch norm folded, bias tables made constant.

    Mean and head are linear, so the mean of the activation maps belongs to the mean of the
    logits: mean(activations[:, k]) + bias[k] = logits[:, k] still holds exactly.
    """

    bias: Tensor

    def __init__(self, members: Sequence[SmallCoAtNet], offset: Tensor) -> None:
        """`offset` float32 (3,): added to the logits, see calibrate.fit."""
        super().__init__()
        nets = [copy.deepcopy(member).eval() for member in members]
        for net in nets:
            for module in list(net.modules()):
                if isinstance(module, ConvNorm):
                    module.fold()
                elif isinstance(module, RelativeAttention):
                    module.frozen_bias = module.bias(MAX_SIDE).detach().clone()
        self.members = nn.ModuleList(nets)
        bias = torch.stack([net.head.bias for net in nets]).mean(0).detach()
        self.register_buffer("bias", bias + offset)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1, 224, 224) -> logits (N, 3), activations (N, 3, 14, 14)."""
        maps = []
        for net in self.members:
            assert isinstance(net, SmallCoAtNet)
            features, side = net.features(x)
            cam = nn.functional.linear(features, net.head.weight)
            maps.append(cam.transpose(1, 2).reshape(-1, cam.shape[-1], side, side))
        activations = torch.stack(maps).mean(0)
        return activations.mean((2, 3)) + self.bias, activations


class Served(nn.Module):
    """The mean of several nets for PyTorch itself, with Grad-CAM by autograd at layer `maps`.

    `maps` are the last features of all members side by side, (N, members * 192, 14, 14). The logits
    are a mean over positions and a linear map of them, so Grad-CAM there is what `Ensemble` exports
    as `activations`. The bias tables are kept, so any input of 16 s x 16 s with s <= MAX_SIDE fits.
    """

    bias: Tensor

    def __init__(self, members: Sequence[SmallCoAtNet], offset: Tensor) -> None:
        """`offset` float32 (3,): added to the logits, see calibrate.fit."""
        super().__init__()
        self.members = nn.ModuleList(members)
        bias = torch.stack([net.head.bias for net in members]).mean(0).detach()
        self.register_buffer("bias", bias + offset)
        self.maps = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 224, 224) -> logits (N, 3)."""
        found, weights = [], []
        for net in self.members:
            assert isinstance(net, SmallCoAtNet)
            features, side = net.features(x)
            found.append(features.transpose(1, 2).reshape(-1, features.shape[-1], side, side))
            weights.append(net.head.weight / len(self.members))
        maps = self.maps(torch.cat(found, 1))
        return nn.functional.linear(maps.mean((2, 3)), torch.cat(weights, 1), self.bias)


def served(members: int = 2, labels: int = 3) -> Served:
    """The architecture that the state dict of `models/cxr-pneumonia-torch` fills."""
    return Served([SmallCoAtNet(labels) for _ in range(members)], torch.zeros(labels))
