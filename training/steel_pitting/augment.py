"""Random views of the pictures: what one training step is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .data import Mask, Picture, Pixels
from .paste import Patch, cut, paste, simulated, turned
from .settings import Recipe

SMALLEST = 8
"""Pixels of a defect that must be within a view for it to count there."""
ATTEMPTS = 8
LIGHT = (35.0, 235.0)
"""Mean grey value of a place where a pasted pit can be seen."""
OUTSIDE = 0.1
"""Share of a view that may look past the upper or lower edge of the picture."""


@dataclass(frozen=True)
class View:
    """pixels: uint8 (crop, crop, 3). masks: one for each defect, bool (crop, crop), not empty."""

    pixels: Pixels
    masks: list[Mask]


def serving_scale(picture: Picture, recipe: Recipe) -> float:
    """How much a picture grows on its way into the served input."""
    height, width = picture.pixels.shape[:2]
    return min(recipe.width / width, recipe.height / height)


def random_view(
    picture: Picture, donors: Sequence[Picture], recipe: Recipe, random: np.random.Generator
) -> View:
    """A crop of the picture with pasted pits, turned, scaled, mirrored and in another light."""
    scale = serving_scale(picture, recipe) * float(np.exp(random.uniform(*np.log(recipe.zoom))))
    centre = _centre(picture, recipe.crop / scale, recipe, random)
    pixels, masks = picture.pixels.copy(), list(picture.masks)
    reach = 0.45 * recipe.crop / scale
    for _ in range(random.poisson(recipe.pasted)):
        drawn = random.random() < recipe.simulated
        patch = simulated(random) if drawn else _copied(donors, random)
        pasted = _put(pixels, masks, patch, centre, reach, random)
        if pasted is not None:
            masks.append(pasted)
    for _ in range(random.poisson(recipe.decoys)):
        decoy = _clean(donors, random)
        if decoy is not None:
            _put(pixels, masks, decoy, centre, reach, random)
    matrix = view_matrix(
        centre,
        scale,
        float(random.uniform(-recipe.rotation, recipe.rotation)),
        (bool(random.random() < 0.5), bool(random.random() < 0.5)),
        recipe.crop,
    )
    size = (recipe.crop, recipe.crop)
    # Linear, and black outside the picture, as serving enlarges and pads it.
    crop = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR)
    seen = [warped(mask, matrix, size) for mask in masks]
    return View(relit(crop, random), [mask for mask in seen if mask.sum() >= SMALLEST])


def view_matrix(
    centre: tuple[float, float],
    scale: float,
    degrees: float,
    mirrored: tuple[bool, bool],
    crop: int,
) -> npt.NDArray[np.float64]:
    """(2, 3): from pixel indices of the picture to pixel indices of the view.

    `centre` is (x, y) of the picture, where pixel (0, 0) covers 0 to 1, and comes to the middle of
    the view. `mirrored` is (left to right, top to bottom).
    """
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turn = np.diag([-1.0 if mirrored[0] else 1.0, -1.0 if mirrored[1] else 1.0]) @ turn
    # The middle of pixel i lies at i + 0.5, in the picture and in the view.
    shift = crop / 2 - turn @ (np.array(centre) - 0.5) - 0.5
    matrix: npt.NDArray[np.float64] = np.hstack([turn, shift[:, None]])
    return matrix


def warped(mask: Mask, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> Mask:
    """A mask in the view: set where at least half of the interpolated value is."""
    grey = cv2.warpAffine(mask.astype(np.uint8) * 255, matrix, size, flags=cv2.INTER_LINEAR)
    inside: Mask = grey >= 128
    return inside


def relit(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Another light, camera and focus."""
    image = pixels.astype(np.float32) / 255
    if random.random() < 0.15:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    image = image * random.uniform(0.9, 1.1, 3).astype(np.float32)  # colour of the light
    image = np.clip(image, 0, 1) ** np.float32(np.exp(random.uniform(-0.35, 0.35)))
    image = (image - 0.5) * random.uniform(0.75, 1.3) + 0.5 + random.uniform(-0.12, 0.12)
    if random.random() < 0.3:  # light from one side
        slope = np.linspace(-1, 1, image.shape[1], dtype=np.float32) * random.uniform(-0.25, 0.25)
        image = image * (
            1 + (slope[None, :, None] if random.random() < 0.5 else slope[:, None, None])
        )
    if random.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), random.uniform(0.4, 1.3))
    if random.random() < 0.3:
        noise = random.standard_normal(image.shape, np.float32)
        image = image + noise * random.uniform(0.005, 0.03)
    black = (pixels == 0).all(axis=2, keepdims=True)  # the padding stays black, as in serving
    changed: Pixels = np.where(black, 0, np.rint(np.clip(image, 0, 1) * 255)).astype(np.uint8)
    return changed


def _centre(
    picture: Picture, extent: float, recipe: Recipe, random: np.random.Generator
) -> tuple[float, float]:
    """Where the view looks, in pixels of the picture: at a defect, or anywhere."""
    height, width = picture.pixels.shape[:2]
    if picture.masks and random.random() < recipe.aimed:
        mask = picture.masks[int(random.integers(len(picture.masks)))]
        rows, columns = np.nonzero(mask)
        off = random.uniform(-0.4, 0.4, 2) * extent
        x, y = float(columns.mean() + off[0]), float(rows.mean() + off[1])
    else:
        x, y = float(random.uniform(0, width)), float(random.uniform(0, height))
    return _within(x, width, extent), _within(y, height, extent)


def _within(at: float, side: float, extent: float) -> float:
    """Moved so that little of the view is past the edges; to the middle where it is larger."""
    least = extent * (0.5 - OUTSIDE)
    return min(max(at, least), side - least) if side > 2 * least else side / 2


def _copied(donors: Sequence[Picture], random: np.random.Generator) -> Patch:
    """A pit of another picture, turned and scaled."""
    donor = donors[int(random.integers(len(donors)))]
    mask = donor.masks[int(random.integers(len(donor.masks)))]
    return _shaken(cut(donor.pixels, mask), random)


def _clean(donors: Sequence[Picture], random: np.random.Generator) -> Patch | None:
    """Clean steel in the shape of a pit, so that an edge of pasting is no sign of a defect."""
    shape = donors[int(random.integers(len(donors)))]
    donor = donors[int(random.integers(len(donors)))]
    part = cut(shape.pixels, shape.masks[int(random.integers(len(shape.masks)))]).mask
    rows, columns = part.shape
    height, width = donor.pixels.shape[:2]
    top, left = int(random.integers(height - rows + 1)), int(random.integers(width - columns + 1))
    mask = np.zeros((height, width), bool)
    mask[top : top + rows, left : left + columns] = part
    if any((mask & defect).any() for defect in donor.masks):
        return None
    return _shaken(cut(donor.pixels, mask), random)


def _shaken(patch: Patch, random: np.random.Generator) -> Patch:
    return turned(
        patch,
        float(random.uniform(0, 360)),
        float(np.exp(random.uniform(np.log(0.5), np.log(1.5)))),
        bool(random.random() < 0.5),
    )


def _put(
    pixels: Pixels,
    masks: Sequence[Mask],
    patch: Patch,
    centre: tuple[float, float],
    reach: float,
    random: np.random.Generator,
) -> Mask | None:
    """Paste it near `centre` where no defect is; None where no such place was found."""
    rows, columns = patch.mask.shape
    height, width = pixels.shape[:2]
    if patch.mask.sum() < SMALLEST:
        return None
    for _ in range(ATTEMPTS):
        left = round(centre[0] + random.uniform(-reach, reach) - columns / 2)
        top = round(centre[1] + random.uniform(-reach, reach) - rows / 2)
        if left < 0 or top < 0 or left + columns > width or top + rows > height:
            continue
        there = (slice(top, top + rows), slice(left, left + columns))
        bright = LIGHT[0] <= pixels[there].mean() <= LIGHT[1]
        if bright and not any(mask[there].any() for mask in masks):
            return paste(pixels, patch, left, top)
    return None
