"""What the 16-bit picture of a frame means: from its levels to values in the image's own unit."""

from __future__ import annotations

from typing import Literal

from dropsight.domain.wire import Record


class DisplayWindow(Record, kw_only=True, frozen=True):
    """Which values become black, white and the shades between (DICOM PS3.3 C.11.2).

    `LUT` is a table that a centre and a width only surround: the 8-bit picture shows it as it is.
    """

    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID", "LUT"]
    center: float
    width: float
    source: Literal["model", "file", "computed"]
    """The model's settings, the file, or percentiles of the pixels where neither says anything."""


class PixelValues(Record, kw_only=True, frozen=True):
    """value = slope x level + intercept, for levels 0..65535 of the picture."""

    slope: float
    intercept: float
    unit: str | None = None
    """`HU` and the like where the file says so; None: numbers as they are stored."""
    exact: bool = True
    """False where values of more than 16 bits were rounded to the nearest level."""
    invert: bool = False
    """Low values are white (MONOCHROME1, WhiteIsZero)."""
    padding_low: int | None = None
    """Levels padding_low..padding_high stand for no image. They are black whatever the window."""
    padding_high: int | None = None
    windows: list[DisplayWindow]
    """The first is that of the 8-bit picture."""
