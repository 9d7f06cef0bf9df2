"""To the model's size: stretch, letterbox or crop, and the way back to source pixels."""

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
    target
        (left, top, right, bottom) of the frame that it fills; the rest is `padding`.
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

    def parameters(self) -> dict[str, Any]:
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
    cut, target = (0, 0, width, height), (0, 0, spec.width, spec.height)
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
    if size != geometry.size:
        out[...] = round(geometry.padding * np.iinfo(out.dtype).max)
    resized = _resize(image[top:bottom, left:right], *size, geometry.interpolation)
    inside = out[target[1] : target[3], target[0] : target[2]]
    if resized.ndim == 2:
        inside[...] = resized[:, :, np.newaxis]
    elif out.shape[2] == 3:
        inside[...] = resized
    else:
        inside[..., 0] = _luma(resized)


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
