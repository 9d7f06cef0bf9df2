"""Films as another source might deliver them: synthetic shifts that the model is scored under."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from training.films.augment import compress
from training.films.data import Film, Pixels

Shift = Callable[[Film], Pixels]


def curve(image: Pixels, gamma: float) -> Pixels:
    levels = np.linspace(0, 1, 256) ** gamma
    return cv2.LUT(image, (levels * 255).astype(np.uint8)).astype(np.uint8)


def blur(image: Pixels, sigma: float) -> Pixels:
    return cv2.GaussianBlur(image, (0, 0), sigma).astype(np.uint8)


def sharpen(image: Pixels, amount: float) -> Pixels:
    return cv2.addWeighted(
        image, 1 + amount, cv2.GaussianBlur(image, (0, 0), 1.5), -amount, 0
    ).astype(np.uint8)


def stretch(image: Pixels, across: float, down: float) -> Pixels:
    """Stretches about the middle by factors of 1 or more, and crops to the old size."""
    height, width = image.shape
    matrix = np.array([[across, 0, width / 2 * (1 - across)], [0, down, height / 2 * (1 - down)]])
    return cv2.warpAffine(image, matrix, (width, height)).astype(np.uint8)


def fill_margins(image: Pixels, share: float) -> Pixels:
    """Black margins, `share` of the side each: no letters, no collimator edge, no arms."""
    edge = int(share * image.shape[0])
    filled = np.zeros_like(image)
    filled[edge:-edge, edge:-edge] = image[edge:-edge, edge:-edge]
    return filled


def fill_middle(image: Pixels, share: float) -> Pixels:
    """The margins alone, the middle filled with its mean: no lungs to see."""
    edge = int(share * image.shape[0])
    filled = image.copy()
    filled[edge:-edge, edge:-edge] = int(image[edge:-edge, edge:-edge].mean())
    return filled


def each(change: Callable[[Pixels], Pixels]) -> Shift:
    return lambda film: change(film.pixels)


def only(normal: bool, change: Callable[[Pixels], Pixels]) -> Shift:
    """Changes the films of one class alone, so that the shortcut points the wrong way."""
    return lambda film: change(film.pixels) if (film.kind == "normal") == normal else film.pixels


SHIFTS: dict[str, Shift] = {
    "none": each(lambda image: image),
    "blurred (sigma 1.5)": each(lambda image: blur(image, 1.5)),
    "sharpened (unsharp 1.0)": each(lambda image: sharpen(image, 1.0)),
    "JPEG quality 20": each(lambda image: compress(image, 20)),
    "25 % wider": each(lambda image: stretch(image, 1.25, 1.0)),
    "25 % taller": each(lambda image: stretch(image, 1.0, 1.25)),
    "gamma 0.6": each(lambda image: curve(image, 0.6)),
    "margins black (12 %)": each(lambda image: fill_margins(image, 0.12)),
    "normal films blurred and 24 % taller": only(
        True, lambda image: blur(stretch(image, 1.0, 1.24), 0.7)
    ),
    "pneumonia films sharpened and 24 % wider": only(
        False, lambda image: sharpen(stretch(image, 1.24, 1.0), 0.7)
    ),
}
"""The last two turn the shortcut of SOURCE.md round: normal films look like small originals of
aspect 1.5 and pneumonia films like large ones of aspect 1.2."""

MARGINS_ALONE: Shift = each(lambda image: fill_middle(image, 0.18))
"""A probe: a model that reads lungs should know nothing from this."""


def sharpness(film: Film) -> float:
    """Mean absolute difference to a blurred copy, in grey levels: the shortcut as a number."""
    image = film.pixels.astype(np.float32)
    return float(np.abs(image - cv2.GaussianBlur(image, (0, 0), 1.0)).mean())
