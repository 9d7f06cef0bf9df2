"""Pits cut out of one picture, or drawn, and pasted into another.

A pit is kept as its brightness in proportion to the steel around it, so that it suits the light of
the place where it is pasted.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .data import Mask, Pixels, box_of

Floats = npt.NDArray[np.float32]

MARGIN = 6
"""Pixels of steel around a pit that tell the light there."""
LARGEST_RATIO = 2.5


@dataclass(frozen=True)
class Patch:
    """ratio: float32 (h, w, 3), 1 where it is as bright as the steel around. mask: bool (h, w)."""

    ratio: Floats
    mask: Mask


def cut(pixels: Pixels, mask: Mask) -> Patch:
    """The pit `mask` (of the picture's size, not empty) with a margin."""
    height, width = mask.shape
    left, top, right, bottom = box_of(mask)
    rows = slice(max(top - MARGIN, 0), min(bottom + MARGIN, height))
    columns = slice(max(left - MARGIN, 0), min(right + MARGIN, width))
    region, part = pixels[rows, columns].astype(np.float32), mask[rows, columns]
    ratio = np.minimum(region / np.maximum(_steel(region, part), 1.0), LARGEST_RATIO)
    return Patch(ratio, part.copy())


def turned(patch: Patch, degrees: float, scale: float, mirror: bool) -> Patch:
    """Mirrored, enlarged by `scale` and turned about its centre; the canvas grows with it."""
    ratio, mask = patch.ratio, patch.mask.astype(np.float32)
    if mirror:
        ratio, mask = ratio[:, ::-1], mask[:, ::-1]
    height, width = mask.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale)
    across, down = abs(turn[0, 0]), abs(turn[0, 1])
    columns = max(1, round(width * across + height * down))
    rows = max(1, round(width * down + height * across))
    turn[:, 2] += ((columns - width) / 2, (rows - height) / 2)
    size = (columns, rows)
    warped = cv2.warpAffine(
        np.ascontiguousarray(ratio), turn, size, flags=cv2.INTER_LINEAR, borderValue=(1.0, 1.0, 1.0)
    )
    inside = cv2.warpAffine(np.ascontiguousarray(mask), turn, size, flags=cv2.INTER_LINEAR)
    return Patch(warped, inside >= 0.5)


def paste(pixels: Pixels, patch: Patch, left: int, top: int) -> Mask:
    """Changes `pixels` where the patch is put; returns the mask of what was pasted, full size.

    The patch must lie within the picture. Its edge is blended over about two pixels.
    """
    rows, columns = patch.mask.shape
    height, width = pixels.shape[:2]
    if left < 0 or top < 0 or left + columns > width or top + rows > height:
        raise ValueError(f"a patch of {patch.mask.shape} at {(left, top)} leaves {(height, width)}")
    there = (slice(top, top + rows), slice(left, left + columns))
    region = pixels[there].astype(np.float32)
    alpha = cv2.dilate(patch.mask.astype(np.float32), np.ones((3, 3), np.uint8))
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.8)[..., None]
    new = np.clip(patch.ratio * _steel(region, patch.mask), 0, 255)
    pixels[there] = np.rint(region * (1 - alpha) + new * alpha)
    mask = np.zeros((height, width), bool)
    mask[there] = patch.mask
    return mask


def simulated(random: np.random.Generator) -> Patch:
    """A drawn pit: some overlapping ellipses, dark and rough."""
    radius = float(np.exp(random.uniform(np.log(2.0), np.log(14.0))))
    side = 2 * (int(2.2 * radius) + MARGIN) + 1
    mask = np.zeros((side, side), np.uint8)
    for _ in range(int(random.integers(1, 6))):
        centre = side / 2 + random.uniform(-0.7, 0.7, 2) * radius
        axes = random.uniform(0.35, 0.95, 2) * radius
        box = (centre.tolist(), (2 * axes).tolist(), float(random.uniform(0, 180)))
        cv2.ellipse(mask, box, 1, -1)
    grain = cv2.GaussianBlur(
        random.standard_normal((side, side)).astype(np.float32), (0, 0), random.uniform(0.6, 1.6)
    )
    grain /= max(float(grain.std()), 1e-6)
    dark = random.uniform(0.3, 0.75)
    rough = np.clip(dark + random.uniform(0.1, 0.3) * grain, 0.05, 1.3)
    tint = 1 + random.uniform(-0.05, 0.05, 3)
    inside = mask.astype(bool)
    ratio = np.where(inside[..., None], rough[..., None] * tint, 1.0).astype(np.float32)
    return Patch(ratio, inside)


def _steel(region: Floats, mask: Mask) -> Floats:
    """Mean colour (3,) of a region outside the pit and the two pixels around it."""
    outside = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    chosen = region[outside] if outside.any() else region.reshape(-1, 3)
    mean: Floats = chosen.mean(axis=0)
    return mean
