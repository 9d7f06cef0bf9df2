"""To the size of the frame: stretch, letterbox, crop or tile, and the way back to source pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.frames import Frame
from dropsight.domain.manifests import InputSpec
from dropsight.imaging.windowing import Image

Box = tuple[float, float, float, float]
Boxes = npt.NDArray[np.float64]
"""(n, 4): x, y, width, height in pixels."""


@dataclass(frozen=True)
class Geometry:
    """Where source pixels go. All values in pixels.

    cut
        (left, top, right, bottom) of the source that is used; all of it but for `crop`.
    size
        (width, height) of the frame: that of the model's input, and with `tile` that of the source,
        but no less than a tile.
    target
        (left, top, right, bottom) of the frame that it fills; the rest is `padding`. With `tile`
        it repeats the last column and row, as an edge to a flat tone would look like an object.
    content_box
        (x, y, width, height) in the frame of the whole source; see `Frame.content_box`.
    """

    source: tuple[int, int]
    size: tuple[int, int]
    cut: tuple[int, int, int, int]
    target: tuple[int, int, int, int]
    content_box: Box
    rule: str
    interpolation: str
    padding: float
    """Intensity in [0, 1]."""
    overlap: int | None = None
    """tile: pixels that neighbouring tiles share at least."""
    tile: tuple[int, int] | None = None
    """tile: (width, height) of one."""

    def parameters(self) -> dict[str, Any]:
        if self.tile is not None:
            padded = self.size[0] - self.source[0], self.size[1] - self.source[1]
            return {
                "rule": self.rule,
                "interpolation": "none",
                "from": list(self.source),
                "to": list(self.size),
                "tile": list(self.tile),
                "overlap": self.overlap,
                "padding": {"right": padded[0], "bottom": padded[1], "with": "edge"},
                "contentBox": list(self.content_box),
            }
        return {
            "rule": self.rule,
            "interpolation": f"{self.interpolation} where it shrinks, linear where it grows",
            "padding": self.padding,
            "from": list(self.source),
            "to": list(self.size),
            "cut": list(self.cut),
            "contentBox": list(self.content_box),
        }


def plan(width: int, height: int, spec: InputSpec) -> Geometry:
    """Geometry for a source of `width` x `height` by the resize rule of the model."""
    whole = (0, 0, width, height)
    if spec.resize == "tile":
        size = max(width, spec.width), max(height, spec.height)
        filled = (0.0, 0.0, float(width), float(height))
        tile = spec.width, spec.height
        return Geometry(
            source=(width, height),
            size=size,
            cut=whole,
            target=whole,
            content_box=filled,
            rule="tile",
            interpolation=spec.interpolation,
            padding=spec.padding,
            overlap=spec.tile_overlap,
            tile=tile,
        )
    cut, target = whole, (0, 0, spec.width, spec.height)
    box: Box = (0.0, 0.0, float(spec.width), float(spec.height))
    if spec.resize == "letterbox":
        scale = min(spec.width / width, spec.height / height)
        inner_width = max(1, round(width * scale))
        inner_height = max(1, round(height * scale))
        left, top = (spec.width - inner_width) // 2, (spec.height - inner_height) // 2
        target = (left, top, left + inner_width, top + inner_height)
        box = (float(left), float(top), float(inner_width), float(inner_height))
    elif spec.resize == "crop":
        scale = max(spec.width / width, spec.height / height)
        inner_width = min(width, max(1, round(spec.width / scale)))
        inner_height = min(height, max(1, round(spec.height / scale)))
        left, top = (width - inner_width) // 2, (height - inner_height) // 2
        cut = (left, top, left + inner_width, top + inner_height)
        across, down = spec.width / inner_width, spec.height / inner_height
        box = (-left * across, -top * down, width * across, height * down)
    return Geometry(
        source=(width, height),
        size=(spec.width, spec.height),
        cut=cut,
        target=target,
        content_box=box,
        rule=spec.resize,
        interpolation=spec.interpolation,
        padding=spec.padding,
    )


def resize_into(image: Image, out: Image, geometry: Geometry) -> None:
    """Write `image` (height, width[, 3]) into `out` (height, width, channels) and pad the rest.

    Colour becomes ITU-R BT.601 luma where `out` has one channel; grey is repeated where it has
    three.
    """
    left, top, right, bottom = geometry.cut
    target = geometry.target
    size = (target[2] - target[0], target[3] - target[1])
    if size != geometry.size and geometry.tile is None:
        out[...] = round(geometry.padding * np.iinfo(out.dtype).max)
    resized = _resize(image[top:bottom, left:right], *size, geometry.interpolation)
    inside = out[target[1] : target[3], target[0] : target[2]]
    if resized.ndim == 2:
        inside[...] = resized[:, :, np.newaxis]
    elif out.shape[2] == 3:
        inside[...] = resized
    else:
        inside[..., 0] = _luma(resized)
    if geometry.tile is not None:
        out[:, target[2] :] = out[:, target[2] - 1 : target[2]]
        out[target[3] :] = out[target[3] - 1 : target[3]]


def to_source(boxes: Boxes, frame: Frame) -> Boxes:
    """Boxes in frame pixels as boxes in source pixels, those cut off at the edges of the source.

    One that lies wholly in the padding ends with a side of 0.
    """
    x0, y0, width, height = frame.content_box
    sizes = np.array([frame.source_width, frame.source_height], np.float64)
    scale = sizes / (width, height)
    left_top = np.clip((boxes[:, :2] - (x0, y0)) * scale, 0.0, sizes)
    right_bottom = np.clip((boxes[:, :2] + boxes[:, 2:] - (x0, y0)) * scale, 0.0, sizes)
    return np.hstack([left_top, np.maximum(right_bottom - left_top, 0.0)])


def to_frame(boxes: Boxes, frame: Frame) -> Boxes:
    """Inverse of `to_source`, but for what that cut off: boxes in source pixels in frame pixels."""
    x0, y0, width, height = frame.content_box
    scale = np.array([width / frame.source_width, height / frame.source_height])
    left_top = boxes[:, :2] * scale + (x0, y0)
    return np.hstack([left_top, boxes[:, 2:] * scale])


def _resize(image: Image, width: int, height: int, interpolation: str) -> Image:
    """By area averaging on the axes that shrink, then linearly on those that grow; or all at once
    linearly."""
    import cv2  # noqa: PLC0415  (costs a third of a second; a refused file never needs it)

    rows, columns = image.shape[:2]
    shrunk = (min(width, columns), min(height, rows))
    if interpolation == "linear":
        shrunk = (columns, rows)
    if shrunk != (columns, rows):
        image = cv2.resize(np.ascontiguousarray(image), shrunk, interpolation=cv2.INTER_AREA)
    if shrunk != (width, height):
        image = cv2.resize(
            np.ascontiguousarray(image), (width, height), interpolation=cv2.INTER_LINEAR
        )
    return image


def _luma(image: Image) -> Image:
    import cv2  # noqa: PLC0415

    grey: Image = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    return grey
