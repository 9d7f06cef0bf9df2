"""The part of the picture around an object in which things are hidden to explain it."""

from __future__ import annotations

import math

import numpy as np

from dropsight.domain.frames import Frame
from dropsight.domain.results import Finding
from dropsight.imaging.resize import to_frame

Area = tuple[slice, slice]
"""Rows and columns of the model's input."""

TIMES = 2.0
"""Sides of the neighbourhood in sides of the object's box: surroundings of half the object's width
to each side. A quarter of the superpixels then falls on the object itself."""
SMALLEST = 32
"""Pixels of the model's input that the neighbourhood has each way, where the picture has them."""


def neighbourhood(found: Finding, frame: Frame) -> Area:
    """Centred on the object's box, cut off where the picture (not its padding) ends.

    Superpixels of the whole picture would swallow a small object whole. So they are cut here alone,
    and everything further away always stays as it is: the answer says nothing about it.
    """
    ((x, y, width, height),) = to_frame(np.array([found.box], np.float64), frame).tolist()
    left, top, across, down = frame.content_box
    rows, columns = frame.pixels.shape[1:3]
    return (
        _around(y, height, max(top, 0.0), min(top + down, rows)),
        _around(x, width, max(left, 0.0), min(left + across, columns)),
    )


def _around(start: float, extent: float, first: float, last: float) -> slice:
    """Within [first, last) of the input's pixels; moved, not cut, where the smallest size asks."""
    low, high = round(first), max(round(last), round(first) + 1)
    side = max(extent * TIMES, SMALLEST)
    begin = math.floor(start + extent / 2 - side / 2)
    end = math.ceil(start + extent / 2 + side / 2)
    if extent * TIMES < SMALLEST:
        begin = max(low, min(begin, high - SMALLEST))
        end = begin + SMALLEST
    begin, end = max(begin, low), min(end, high)
    return slice(begin, max(end, begin + 1))
