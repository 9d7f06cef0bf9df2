"""The values of a frame at 16 bits, for viewers with a window and level of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.pixel_values import DisplayWindow, PixelValues
from dropsight.domain.results import ProvenanceStep
from dropsight.imaging.windowing import FullRange, Image, Values, VoiWindow

Levels = npt.NDArray[np.uint16]

HIGHEST = 65535
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class FrameValues:
    """One greyscale frame before any window.

    levels
        uint16, shape (height, width), source-sized; `meaning` says what they stand for.
    """

    levels: Levels
    meaning: PixelValues


@dataclass(frozen=True)
class Rendered:
    """One frame as people see it, how it was made, and its values where they were asked for and
    are more than the image shows: greyscale of more than 8 bits."""

    image: Image
    steps: list[ProvenanceStep]
    values: FrameValues | None = None


def quantised(
    pixels: npt.NDArray[Any], value_of: Callable[[npt.NDArray[Any]], Values]
) -> tuple[Levels, float, float]:
    """Levels 1..65535 over the finite range of the values, with their slope and intercept.

    `value_of` gives float64 of some rows of `pixels`, NaN where there is no value; level 0 is for
    that, and for infinity.
    """
    ends: list[float] = []
    for rows in _some_rows(pixels):
        values = value_of(pixels[rows])
        finite = values[np.isfinite(values)]
        if finite.size:
            ends += [float(finite.min()), float(finite.max())]
    whole = FullRange.of(np.array(ends, np.float64))
    slope = (whole.high - whole.low) / (HIGHEST - 1)
    levels = np.zeros(pixels.shape, np.uint16)
    for rows in _some_rows(pixels):
        values = value_of(pixels[rows])
        usable = np.isfinite(values)
        levels[rows][usable] = (values[usable] - whole.low) / slope + 1.5
    return levels, slope, whole.low - slope


def by_rows(pixels: npt.NDArray[Any], level_of: Callable[[npt.NDArray[Any]], Values]) -> Levels:
    """`level_of` each pixel, without a wider copy of all of them."""
    levels = np.empty(pixels.shape, np.uint16)
    for rows in _some_rows(pixels):
        levels[rows] = level_of(pixels[rows])
    return levels


def _some_rows(pixels: npt.NDArray[Any]) -> Iterator[slice]:
    return (slice(top, top + ROWS_AT_ONCE) for top in range(0, pixels.shape[0], ROWS_AT_ONCE))


def display_window(window: VoiWindow | FullRange, source: Any) -> DisplayWindow:
    """`source`: who says so, as in DisplayWindow."""
    if isinstance(window, VoiWindow):
        return DisplayWindow(
            function=window.function, center=window.center, width=window.width, source=source
        )
    return DisplayWindow(
        function="LINEAR_EXACT",
        center=(window.low + window.high) / 2.0,
        width=window.high - window.low,
        source=source,
    )
