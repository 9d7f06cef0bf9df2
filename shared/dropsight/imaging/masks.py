"""From a mask in the model's pixels to one in source pixels."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dropsight.domain.frames import Frame
from dropsight.domain.rle import encode_mask

SET = 0.5
"""A pixel belongs to the object at or above this probability (He et al. 2017, arXiv:1703.06870)."""


def paste_mask(
    values: npt.NDArray[np.float32],
    box: npt.NDArray[np.float64],
    frame: Frame,
    least: float = SET,
) -> dict[str, Any]:
    """Run-length encoded mask of the whole source, bilinear between the model's pixels.

    `values` is float32 (rows, columns) over the model's input, in its size or coarser: a pixel is
    set where they are at or above `least`. `box` is x, y, width, height in source pixels: nothing
    is set outside of it, and only there is anything computed.
    """
    left, top = math.floor(box[0]), math.floor(box[1])
    right = min(math.ceil(box[0] + box[2]), frame.source_width)
    bottom = min(math.ceil(box[1] + box[3]), frame.source_height)
    x0, y0, width, height = frame.content_box
    rows, columns = values.shape
    _, input_rows, input_columns, _ = frame.pixels.shape
    # Centre of source pixel u lies at x0 + (u + 0.5) * width / source width - 0.5 of the input.
    across = x0 + (np.arange(left, right) + 0.5) * (width / frame.source_width)
    down = y0 + (np.arange(top, bottom) + 0.5) * (height / frame.source_height)
    across, down = across * (columns / input_columns) - 0.5, down * (rows / input_rows) - 0.5
    grid_x, grid_y = np.meshgrid(across.astype(np.float32), down.astype(np.float32))
    there = np.zeros(grid_x.shape, np.bool_)
    # OpenCV addresses remapped pixels by 16-bit numbers, so a longer side goes in pieces.
    for y in range(0, there.shape[0], _PIECE):
        for x in range(0, there.shape[1], _PIECE):
            piece = (slice(y, y + _PIECE), slice(x, x + _PIECE))
            there[piece] = (
                cv2.remap(
                    values,
                    grid_x[piece],
                    grid_y[piece],
                    cv2.INTER_LINEAR,
                    borderMode=cv2.BORDER_REPLICATE,
                )
                >= least
            )
    return encode_mask(there, (frame.source_height, frame.source_width), (left, top))


_PIECE = 16384
