"""Augmentation against the shortcuts of this data set.

Normal films come from larger originals with another aspect ratio (SOURCE.md), so geometry,
sharpness, tone curve, compression and burnt-in letters go with the class. Each step below makes
one of them random, so that what remains to be learnt is in the lungs.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from training.films.data import Film, Pixels, decode

Random = np.random.Generator
BORDERS = (cv2.BORDER_CONSTANT, cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT_101)
SCALERS = (cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
LETTERS = ("R", "L", "A-P", "P", "AP", "R PA")


def augment(pixels: Pixels, size: int, others: Sequence[Film], random: Random) -> Pixels:
    """One random view: uint8 (h, w) -> uint8 (size, size)."""
    image = pixels
    if random.random() < 0.20:
        image = match_histogram(image, others[int(random.integers(len(others)))].pixels)
    image = place(image, size, random)
    if random.random() < 0.25:
        image = write_letters(image, random)
    image = change_sharpness(image, random)
    if random.random() < 0.75:
        image = change_tone(image, random)
    if random.random() < 0.30:
        image = add_noise(image, random)
    if random.random() < 0.35:
        image = compress(image, int(random.integers(25, 95)))
    return hide_parts(image, random)


def match_histogram(image: Pixels, other: Pixels) -> Pixels:
    """Gives `image` the grey-level distribution of `other`: its exposure and tone curve."""
    source = np.bincount(image.ravel(), minlength=256).cumsum() / image.size
    target = np.bincount(other.ravel(), minlength=256).cumsum() / other.size
    return cv2.LUT(image, np.interp(source, target, np.arange(256)).astype(np.uint8)).astype(
        np.uint8
    )


def place(image: Pixels, size: int, random: Random) -> Pixels:
    """Rotation, shear, shift, flip, zoom, and an aspect ratio off by up to 1.35 either way."""
    height, width = image.shape
    zoom = np.exp(random.uniform(np.log(0.85), np.log(1.25))) * size / height
    aspect = np.exp(random.uniform(-0.5, 0.5) * np.log(1.35))
    angle = np.deg2rad(random.normal(0, 5))
    shear = random.normal(0, 0.04)
    flip = -1.0 if random.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = (
        turn @ np.array([[1.0, shear], [0.0, 1.0]]) @ np.diag([flip * zoom * aspect, zoom / aspect])
    )
    shift = size * (0.5 + random.uniform(-0.07, 0.07, 2))
    offset = shift - matrix @ np.array([width / 2, height / 2])
    return cv2.warpAffine(
        image,
        np.column_stack([matrix, offset]),
        (size, size),
        flags=cv2.INTER_CUBIC if random.random() < 0.4 else cv2.INTER_LINEAR,
        borderMode=int(random.choice(BORDERS)),
    ).astype(np.uint8)


def change_sharpness(image: Pixels, random: Random) -> Pixels:
    """One of: a trip through a lower resolution, Gaussian blur, unsharp masking, nothing."""
    size = image.shape[0]
    choice = random.random()
    if choice < 0.25:
        small = tuple(int(size * random.uniform(0.3, 0.95)) for _ in range(2))
        down, up = random.choice(SCALERS, 2)
        image = cv2.resize(image, small, interpolation=int(down))
        image = cv2.resize(image, (size, size), interpolation=int(up))
    elif choice < 0.50:
        image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.3, 1.6) * size / 224)
    elif choice < 0.75:
        soft = cv2.GaussianBlur(image, (0, 0), random.uniform(0.5, 3.0) * size / 224)
        amount = random.uniform(0.2, 1.5)
        image = cv2.addWeighted(image, 1 + amount, soft, -amount, 0)
    return image.astype(np.uint8)


def change_tone(image: Pixels, random: Random) -> Pixels:
    """Gamma, a random monotone curve, contrast, brightness, local equalisation, uneven light."""
    levels = np.linspace(0, 1, 256)
    levels = levels ** np.exp(random.normal(0, 0.25))
    if random.random() < 0.35:
        knots = np.concatenate([[0], np.cumsum(random.dirichlet(np.full(5, 5.0)))])
        levels = np.interp(levels, np.linspace(0, 1, 6), knots)
    contrast = np.exp(random.normal(0, 0.2))
    levels = (levels - 0.5) * contrast + 0.5 + random.normal(0, 0.08)
    image = cv2.LUT(image, (levels.clip(0, 1) * 255).astype(np.uint8)).astype(np.uint8)
    choice = random.random()
    if choice < 0.15:
        tiles = int(random.integers(2, 9))
        equaliser = cv2.createCLAHE(random.uniform(1.0, 4.0), (tiles, tiles))
        image = equaliser.apply(image).astype(np.uint8)
    elif choice < 0.30:
        slope = random.normal(0, 0.25, 2)
        across = np.linspace(-1, 1, image.shape[0], dtype=np.float32)
        light = np.exp(slope[0] * across[:, None] + slope[1] * across[None])
        image = (image * light).clip(0, 255).astype(np.uint8)
    return image


def add_noise(image: Pixels, random: Random) -> Pixels:
    """Gaussian noise of up to 10 grey levels, fine or (half of the time) two pixels coarse."""
    side = image.shape[0] // int(random.integers(1, 3))
    noise = random.standard_normal((side, side), dtype=np.float32) * random.uniform(1, 10)
    if side != image.shape[0]:
        noise = cv2.resize(noise, image.shape[::-1])
    return (image + noise).clip(0, 255).astype(np.uint8)


def compress(image: Pixels, quality: int) -> Pixels:
    """A trip through JPEG."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return decode(encoded.tobytes(), "the compressed view")


def write_letters(image: Pixels, random: Random) -> Pixels:
    """A side marker in one of the margins, as either class might carry it."""
    size = image.shape[0]
    margin = random.uniform(0.0, 0.18, 2)
    x, y = (np.where(random.random(2) < 0.5, margin, 0.92 - margin) * size).astype(int)
    return cv2.putText(
        image.copy(),
        str(random.choice(LETTERS)),
        (int(x), int(y + 0.08 * size)),
        cv2.FONT_HERSHEY_SIMPLEX,
        size / 224 * random.uniform(0.3, 0.8),
        int(random.integers(170, 256)),
        int(random.integers(1, 3)),
    ).astype(np.uint8)


def hide_parts(image: Pixels, random: Random) -> Pixels:
    """Fills corners (where letters are), margins (collimation) and rectangles anywhere."""
    size = image.shape[0]
    image = image.copy()
    if random.random() < 0.25:
        corner = (random.uniform(0.08, 0.25, 2) * size).astype(int)
        rows = slice(0, corner[0]) if random.random() < 0.7 else slice(size - corner[0], size)
        columns = slice(0, corner[1]) if random.random() < 0.5 else slice(size - corner[1], size)
        image[rows, columns] = np.median(image[rows, columns])
    if random.random() < 0.20:
        top, bottom, left, right = (random.uniform(0, 0.10, 4) * size).astype(int)
        inner = image[top : size - bottom, left : size - right].copy()
        image[:] = 0 if random.random() < 0.7 else 255
        image[top : size - bottom, left : size - right] = inner
    if random.random() < 0.30:
        for _ in range(int(random.integers(1, 4))):
            side = (random.uniform(0.06, 0.25, 2) * size).astype(int)
            y, x = (int(random.integers(0, size - s)) for s in side)
            patch = image[y : y + side[0], x : x + side[1]]
            patch[:] = patch.mean() if random.random() < 0.5 else random.integers(0, 256)
    return image
