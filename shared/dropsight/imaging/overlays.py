"""What an explanation looks like: a 16-bit heatmap and a picture for people, both source-sized.

The overlay's canvas holds the image, unscaled, in its top left corner; a colour bar stands to its
right and a caption below it, so nothing but the attribution itself lies on the anatomy:

    +----------------+-----+
    | source image   | bar |
    | width x height |     |
    +----------------+-----+
    | caption              |
    +----------------------+
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.imaging.colormap import color_table
from dropsight.imaging.legend import Caption, Legend
from dropsight.imaging.png import encode_ordered, encode_png

__all__ = ["Caption", "RenderedExplanation", "render_explanation"]

Display = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

MAXIMUM_ALPHA = 0.5
"""Opacity of the most important place: strong enough to be seen, and the image shows through."""
SILENT = 0.08
"""Below this share of the maximum nothing is painted: a veil over everything says nothing."""
BAND = 256
"""Rows worked on at once, so that a 4000 x 4000 image needs no float copy of itself."""


@dataclass(frozen=True)
class RenderedExplanation:
    heatmap: bytes
    """PNG, one channel of 16 bits, source-sized: 0..65535 for importance 0..`maximum`."""
    overlay: bytes
    """PNG, 8-bit RGB, the canvas described at the top of this module."""
    maximum: float
    """Importance that 65535 stands for."""


def render_explanation(
    display: Display,
    heatmap: npt.NDArray[np.float32],
    content_box: Box,
    caption: Caption,
) -> RenderedExplanation:
    """Draw one attribution on the image that it explains.

    display
        uint8, shape (height, width) or (height, width, 3) in RGB: the source-sized picture.
    heatmap
        float32, shape (rows, columns) of the model's input, >= 0 (`ports.Attribution.heatmap`).
    content_box
        (x, y, width, height) of the image within the heatmap's grid (`Frame.content_box`). Where
        `crop` cut source pixels off, the model saw nothing: the heatmap is 0 there.
    """
    height, width = display.shape[:2]
    maximum = float(heatmap.max(initial=0.0))
    relative = heatmap / np.float32(maximum) if maximum > 0 else np.zeros_like(heatmap)
    legend = Legend(width, height, caption)
    canvas = legend.canvas()
    stored = np.empty((height, width), np.uint16)
    colors = color_table()
    across = _stretch_columns(relative, content_box, width)
    rows = _positions(height, content_box[1], content_box[3], relative.shape[0])
    for top in range(0, height, BAND):
        band = slice(top, min(top + BAND, height))
        share = _stretch_rows(across, rows, band)
        stored[band] = np.rint(share * 65535.0)
        canvas[band, :width] = _blend(display[band], share, colors)
    return RenderedExplanation(encode_png(stored), encode_ordered(canvas), maximum)


def opacity(share: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How much colour covers the image, 0..MAXIMUM_ALPHA, growing with the share of the maximum."""
    grown = np.clip((share - SILENT) / (1.0 - SILENT), 0.0, 1.0)
    alpha: npt.NDArray[np.float32] = (MAXIMUM_ALPHA * grown**0.75).astype(np.float32)
    return alpha


def _blend(
    display: Display, share: npt.NDArray[np.float32], colors: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    image = display[..., None] if display.ndim == 2 else display[..., ::-1]
    alpha = opacity(share)[..., None]
    paint = colors[np.rint(share * 255.0).astype(np.uint8)]
    mixed = image * (1.0 - alpha) + paint * alpha
    blended: npt.NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
    return blended


@dataclass(frozen=True)
class _Positions:
    """Where each source pixel lies between two cells of the grid, and whether the model saw it."""

    below: npt.NDArray[np.intp]
    above: npt.NDArray[np.intp]
    weight: npt.NDArray[np.float32]
    seen: npt.NDArray[np.bool_]


def _positions(pixels: int, start: float, extent: float, cells: int) -> _Positions:
    """Centre of source pixel u is at `start + (u + 0.5) * extent / pixels - 0.5` of the grid.

    Half a cell beyond the outermost centres still belongs to the outermost cells, of the grid and
    of the content alike: what lies in the padding does not show through.
    """
    at = start + (np.arange(pixels) + 0.5) * (extent / pixels) - 0.5
    first = min(max(start, 0.0), cells - 1.0)
    last = max(min(start + extent, cells) - 1.0, first)
    inside = np.clip(at, first, last)
    below = np.floor(inside).astype(np.intp)
    return _Positions(
        below=below,
        above=np.minimum(below + 1, cells - 1),
        weight=(inside - below).astype(np.float32),
        seen=(at >= -0.5) & (at <= cells - 0.5),
    )


def _stretch_columns(
    grid: npt.NDArray[np.float32], box: Box, width: int
) -> npt.NDArray[np.float32]:
    """(rows, columns) -> (rows, width), bilinear."""
    at = _positions(width, box[0], box[2], grid.shape[1])
    wide = grid[:, at.below] * (1 - at.weight) + grid[:, at.above] * at.weight
    wide[:, ~at.seen] = 0.0
    stretched: npt.NDArray[np.float32] = wide
    return stretched


def _stretch_rows(
    wide: npt.NDArray[np.float32], at: _Positions, band: slice
) -> npt.NDArray[np.float32]:
    """(rows, width) -> (rows of the band, width), bilinear."""
    weight = at.weight[band, None]
    tall = wide[at.below[band]] * (1 - weight) + wide[at.above[band]] * weight
    tall[~at.seen[band]] = 0.0
    stretched: npt.NDArray[np.float32] = tall
    return stretched
