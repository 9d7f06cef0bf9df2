"""Frames as files hold them: seldom straight from the camera."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .camera import Pixels


def vary(pixels: Pixels, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """The frame as it is, or smoothed a little (a resampled or JPEG-compressed picture, whose noise
    is no longer independent), or cut off at some brightness, or in 8 bits."""
    import cv2

    values = pixels.astype(np.float64)
    if random.random() < 0.2:
        values = cv2.GaussianBlur(values, (0, 0), random.uniform(0.4, 0.9))
    if random.random() < 0.1:
        values = np.minimum(values, np.quantile(values, random.uniform(0.97, 0.999)))
    if random.random() < 0.15:
        top = np.quantile(values, random.uniform(0.995, 1.0))
        shades = np.clip((values - values.min()) / max(1.0, top - values.min()), 0.0, 1.0)
        values = np.round(shades * 255.0)
    return values


def stretched(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """From the least to the greatest value over 0..65535, whole numbers, as the pipeline does."""
    low, high = float(values.min()), float(values.max())
    shades = (values - low) / (high - low if high > low else 1.0)
    return np.floor(shades * 65535.0 + 0.5).astype(np.float32)
