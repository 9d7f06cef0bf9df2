"""What the net should say of a frame, and how wrong it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from .spots import Spot

NEAR = 0.6
"""Pixels with a target above this learn the offset and the size of the particle beside them."""


def target_maps(spots: Sequence[Spot], rows: int, columns: int) -> npt.NDArray[np.float32]:
    """float32 (4, rows, columns): chance of a centre, offset x, offset y, log of the box's side.

    The chance is 1 in the pixel of the centre and falls off as a narrow Gaussian, narrower than the
    particle, so that two that touch keep two peaks.
    """
    maps = np.zeros((4, rows, columns), np.float32)
    for spot in spots:
        column, row = int(np.floor(spot.x)), int(np.floor(spot.y))
        if not (0 <= column < columns and 0 <= row < rows):
            continue
        spread = float(np.clip(0.5 * spot.width, 0.6, 1.2))
        top, left = max(0, row - 4), max(0, column - 4)
        y, x = np.mgrid[top : min(rows, row + 5), left : min(columns, column + 5)]
        chance = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * spread**2))
        window = maps[:, top : top + len(y), left : left + x.shape[1]]
        nearer = chance > window[0]
        for index, value in enumerate(
            (chance, spot.x - (x + 0.5), spot.y - (y + 0.5), np.full(x.shape, np.log(spot.box[2])))
        ):
            window[index][nearer] = value[nearer]
    return maps


def loss(maps: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of the chance (penalty-reduced focal loss, arXiv:1808.01244), the offset and the size (L1).

    Each is summed over the batch and divided by the number of particles. maps, target: float32
    (N, 4, rows, columns).
    """
    logit, wanted = maps[:, 0], target[:, 0]
    chance = logit.sigmoid()
    is_centre = wanted == 1.0
    found = -F.logsigmoid(logit) * (1 - chance) ** 2
    false = -F.logsigmoid(-logit) * chance**2 * (1 - wanted) ** 4
    count = is_centre.sum().clamp(min=1)
    focal = torch.where(is_centre, found, false).sum() / count
    weight = torch.where(wanted > NEAR, wanted, torch.zeros_like(wanted))
    total = weight.sum().clamp(min=1.0)
    offset = ((maps[:, 1:3] - target[:, 1:3]).abs().sum(1) * weight).sum() / total
    size = ((maps[:, 3] - target[:, 3]).abs() * weight).sum() / total
    return focal, offset, size
