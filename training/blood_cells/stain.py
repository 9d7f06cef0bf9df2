"""Other stains, lamps and focus: random changes of colour and sharpness."""

from __future__ import annotations

import cv2
import numpy as np

from .geometry import Pixels

_DENSITY = -np.log(np.maximum(np.arange(256, dtype=np.float32), 1) / 256)
"""Optical density of each stored value: stains add up in it (Beer and Lambert)."""


def restain(pixels: Pixels, random: np.random.Generator, strength: float = 1.0) -> Pixels:
    """The same cells under another amount and hue of stain and another lamp. uint8 (h, w, 3)."""
    gain = np.exp(random.normal(0, 0.12 * strength)) * np.exp(random.normal(0, 0.06 * strength, 3))
    mix = np.diag(gain) + random.normal(0, 0.04 * strength, (3, 3)) * (1 - np.eye(3))
    lamp = random.normal(0, 0.05 * strength) + random.normal(0, 0.025 * strength, 3)
    density = cv2.LUT(pixels, _DENSITY)
    # (3, 4): density of each new channel from the three old ones and 1.
    density = cv2.transform(density, np.hstack([mix, lamp[:, None]]).astype(np.float32))
    light = cv2.exp(-density)
    changed: Pixels = cv2.convertScaleAbs(light, alpha=256)
    return changed


def refocus(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Mostly untouched; now and then blurred, sharpened or noisy. uint8 (h, w, 3)."""
    kind = random.random()
    if kind < 0.12:
        blurred: Pixels = cv2.GaussianBlur(pixels, (0, 0), float(random.uniform(0.4, 1.4)))
        return blurred
    if kind < 0.2:
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.0)
        amount = float(random.uniform(0.2, 0.8))
        sharp: Pixels = cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0)
        return sharp
    if kind < 0.28:
        noise = random.normal(0, random.uniform(1, 6), pixels.shape)
        return np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return pixels
