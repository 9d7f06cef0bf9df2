"""What frames hold beside particles: uneven background, haze, cosmic rays, hot pixels."""

from __future__ import annotations

import numpy as np

from .camera import Floats, Pixels


def add_background(light: Floats, random: np.random.Generator) -> None:
    """Multiply an even background by a smooth field: a slope, wide hills, and maybe a cell."""
    rows, columns = light.shape
    y, x = np.mgrid[0:rows, 0:columns]
    slope = random.uniform(-0.5, 0.5, 2)
    field = 1.0 + slope[0] * (x / columns - 0.5) + slope[1] * (y / rows - 0.5)
    for _ in range(random.integers(0, 4)):
        field += random.uniform(0.2, 2.0) * _hill(x, y, random.uniform(20.0, 80.0), random)
    if random.random() < 0.3:
        field *= _cell(x, y, random)
    light *= np.maximum(field, 0.1)


def add_haze(light: Floats, random: np.random.Generator) -> None:
    """Light from particles so far out of focus (sigma 7 to 18 px) that they are background."""
    rows, columns = light.shape
    y, x = np.mgrid[0:rows, 0:columns]
    level = float(light.mean())
    for _ in range(random.integers(1, 6)):
        light += level * random.uniform(0.1, 1.5) * _hill(x, y, random.uniform(7.0, 18.0), random)


def add_cosmic_rays(light: Floats, random: np.random.Generator) -> None:
    """One or two straight, thin, bright tracks of 1 to 12 px; no lens has blurred them."""
    rows, columns = light.shape
    for _ in range(random.integers(1, 3)):
        x, y = random.uniform(0, columns), random.uniform(0, rows)
        angle, length = random.uniform(0, 2 * np.pi), random.uniform(1.0, 12.0)
        along = np.arange(0.0, length, 0.25)
        across = np.floor(x + along * np.cos(angle)).astype(int)
        down = np.floor(y + along * np.sin(angle)).astype(int)
        inside = (across >= 0) & (across < columns) & (down >= 0) & (down < rows)
        light[down[inside], across[inside]] += random.uniform(30.0, 2000.0)


def set_hot_pixels(pixels: Pixels, random: np.random.Generator) -> None:
    """Single pixels far above their neighbours, up to full scale; about one in 4,000."""
    count = 1 + random.poisson(pixels.size / 8000.0)
    at = (random.integers(0, pixels.shape[0], count), random.integers(0, pixels.shape[1], count))
    spread = float(pixels.std()) + 1.0
    value = pixels[at] + spread * np.exp(random.uniform(np.log(3.0), np.log(3000.0), count))
    pixels[at] = np.clip(value, 0, 65535).astype(np.uint16)


def _hill(x: Floats, y: Floats, sigma: float, random: np.random.Generator) -> Floats:
    rows, columns = x.shape
    middle = random.uniform(0, columns), random.uniform(0, rows)
    hill = np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * sigma**2))
    return np.asarray(hill)


def _cell(x: Floats, y: Floats, random: np.random.Generator) -> Floats:
    """1 outside a soft-edged ellipse, brighter in it."""
    rows, columns = x.shape
    middle = random.uniform(0, columns), random.uniform(0, rows)
    semi = random.uniform(20.0, 90.0, 2)
    distance = np.hypot((x - middle[0]) / semi[0], (y - middle[1]) / semi[1])
    edge = np.clip((distance - 1.0) * float(semi.min()) / random.uniform(1.5, 4.0), -30, 30)
    return np.asarray(1.0 + random.uniform(0.5, 2.0) / (1.0 + np.exp(edge)))
