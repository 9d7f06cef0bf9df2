"""Random views of the training pictures: turned, scaled, in fours, with pasted platelets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .data import Sample
from .geometry import Floats, Labels, Pixels, areas, around, cut, dihedral, warp_boxes, warp_pixels
from .settings import PLATELETS, WBC
from .stain import refocus, restain

LEAST_VISIBLE = 0.4
"""Share of an object that must be inside the view for it to count as one."""
PASTED = 0.8
"""Platelets pasted into a view, on average."""
MARGIN = 0.2
"""Of the sides of a platelet's box, taken along as a soft edge when it is pasted."""


@dataclass(frozen=True)
class Window:
    """Part of a view, in whole pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        return self.right - self.left, self.bottom - self.top


def placed(sample: Sample, window: Window, random: np.random.Generator, least: float) -> Sample:
    """`sample` turned, mirrored and scaled at random, as it shows through `window`.

    least
        Of the scales 0.7 to 1.4, only those from here on are drawn, and at least what fills the
        window; 0 lets black margins be, as a letterbox has them.
    """
    rows, columns = sample.pixels.shape[:2]
    width, height = window.size
    turns, mirrored = int(random.integers(4)), bool(random.random() < 0.5)
    across, down = (rows, columns) if turns % 2 else (columns, rows)
    low = max(0.7, least, max(width / across, height / down) if least else 0)
    scale = float(np.exp(random.uniform(np.log(low), np.log(max(1.4, low)))))
    squeeze = float(np.exp(random.normal(0, 0.04)))
    stretch = np.diag([scale * squeeze, scale / squeeze])
    # How far the picture can be moved while its edge stays outside the window, or inside it.
    slack = np.abs(np.array([across, down]) * np.diag(stretch) - (width, height)) / 2
    centre = np.array([width, height]) / 2 + random.uniform(-slack, slack)
    affine = around(
        stretch @ dihedral(turns, mirrored), (columns / 2, rows / 2), (centre[0], centre[1])
    )
    boxes, labels = cut(
        warp_boxes(sample.boxes, affine), sample.labels, (0, 0, width, height), LEAST_VISIBLE
    )
    return Sample(warp_pixels(sample.pixels, affine, width, height), boxes, labels)


def mosaic(
    samples: Sequence[Sample], width: int, height: int, random: np.random.Generator
) -> Sample:
    """Four samples around a point near the middle."""
    x = round(width * random.uniform(0.35, 0.65))
    y = round(height * random.uniform(0.35, 0.65))
    windows = (
        Window(0, 0, x, y),
        Window(x, 0, width, y),
        Window(0, y, x, height),
        Window(x, y, width, height),
    )
    pixels = np.empty((height, width, 3), np.uint8)
    boxes, labels = [], []
    for sample, window in zip(samples, windows, strict=True):
        part = placed(sample, window, random, least=0.7)
        pixels[window.top : window.bottom, window.left : window.right] = part.pixels
        boxes.append(part.boxes + np.array([window.left, window.top] * 2, np.float32))
        labels.append(part.labels)
    return Sample(pixels, np.vstack(boxes), np.concatenate(labels))


def flipped(sample: Sample, random: np.random.Generator) -> Sample:
    """Mirrored or turned by half: every pixel stays one pixel."""
    rows, columns = sample.pixels.shape[:2]
    turns, mirrored = 2 * int(random.integers(2)), bool(random.random() < 0.5)
    affine = around(dihedral(turns, mirrored), (columns / 2, rows / 2), (columns / 2, rows / 2))
    pixels: Pixels = sample.pixels[:, ::-1] if mirrored else sample.pixels
    pixels = pixels[::-1, ::-1] if turns else pixels
    return Sample(np.ascontiguousarray(pixels), warp_boxes(sample.boxes, affine), sample.labels)


def platelet_patches(samples: Sequence[Sample]) -> list[Pixels]:
    """Every platelet that lies wholly inside its picture, with a margin around it."""
    patches = []
    for sample in samples:
        rows, columns = sample.pixels.shape[:2]
        for left, top, right, bottom in sample.boxes[sample.labels == PLATELETS].tolist():
            x, y = MARGIN * (right - left), MARGIN * (bottom - top)
            x0, y0, x1, y1 = (round(value) for value in (left - x, top - y, right + x, bottom + y))
            if x0 >= 0 and y0 >= 0 and x1 <= columns and y1 <= rows and right - left < 60:
                patches.append(sample.pixels[y0:y1, x0:x1].copy())
    return patches


def paste(sample: Sample, patch: Pixels, random: np.random.Generator) -> Sample:
    """`patch` blended in where it hides no labelled object; unchanged where ten tries find none.

    The patch takes on the colour of the ground around it.
    """
    rows, columns = sample.pixels.shape[:2]
    scale = float(random.uniform(0.8, 1.25))
    patch = np.rot90(patch, int(random.integers(4)))
    sides = max(6, round(patch.shape[1] * scale)), max(6, round(patch.shape[0] * scale))
    resized = cv2.resize(np.ascontiguousarray(patch), sides, interpolation=cv2.INTER_LINEAR)
    width, height = sides
    for _ in range(10):
        x, y = int(random.integers(columns - width)), int(random.integers(rows - height))
        inner = _inner(x, y, width, height)
        if not _hides(inner, sample.boxes, sample.labels):
            break
    else:
        return sample
    ground = sample.pixels[y : y + height, x : x + width].astype(np.float32)
    edge = _edge(height, width)
    shift = np.median(ground[edge], axis=0) - np.median(resized[edge].astype(np.float32), axis=0)
    across = np.abs(np.linspace(-1, 1, width))[None, :]
    down = np.abs(np.linspace(-1, 1, height))[:, None]
    weight = np.clip((1 - np.sqrt(across**2 + down**2)) / 0.3, 0, 1)[..., None]
    mixed = ground * (1 - weight) + (resized + shift) * weight
    pixels = sample.pixels.copy()
    pixels[y : y + height, x : x + width] = np.clip(mixed, 0, 255).astype(np.uint8)
    return Sample(
        pixels, np.vstack([sample.boxes, inner[None]]), np.append(sample.labels, PLATELETS)
    )


def _inner(x: int, y: int, width: int, height: int) -> Floats:
    """The box of the platelet itself within a patch that carries `MARGIN` on each side."""
    share = MARGIN / (1 + 2 * MARGIN)
    inner: Floats = np.array(
        [
            x + share * width,
            y + share * height,
            x + (1 - share) * width,
            y + (1 - share) * height,
        ],
        np.float32,
    )
    return inner


def _hides(box: Floats, boxes: Floats, labels: Labels) -> bool:
    """Whether `box` lies on a white cell or platelet, or with a quarter of itself on a red cell."""
    real = labels >= 0
    common = np.hstack([np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])])
    covered = areas(common) / areas(box[None])
    least = np.where((labels == WBC) | (labels == PLATELETS), 0.0, 0.25)
    return bool((real & (covered > least)).any())


def _edge(height: int, width: int) -> npt.NDArray[np.bool_]:
    edge = np.ones((height, width), np.bool_)
    edge[2:-2, 2:-2] = False
    return edge


def view(
    samples: Sequence[Sample],
    position: int,
    patches: Sequence[Pixels],
    mosaic_share: float,
    random: np.random.Generator,
) -> Sample:
    """A random view of `samples[position]`, of its size.

    With no mosaics (the last epochs) half of the views are flipped alone, so that the net ends on
    pictures as they are served.
    """
    sample = samples[position]
    rows, columns = sample.pixels.shape[:2]
    if random.random() < mosaic_share:
        others = [samples[at] for at in random.integers(len(samples), size=3)]
        out = mosaic([sample, *others], columns, rows, random)
    elif mosaic_share == 0 and random.random() < 0.5:
        out = flipped(sample, random)
    else:
        out = placed(sample, Window(0, 0, columns, rows), random, least=0)
    if patches and mosaic_share > 0:
        for _ in range(int(random.poisson(PASTED))):
            out = paste(out, patches[int(random.integers(len(patches)))], random)
    strength = 1.0 if mosaic_share > 0 else 0.5
    return Sample(refocus(restain(out.pixels, random, strength), random), out.boxes, out.labels)
