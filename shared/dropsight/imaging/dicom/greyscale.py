"""The greyscale pipeline: Modality LUT, VOI LUT or window, Presentation (PS3.3 C.11).

Every step is a function of one stored value, so for samples of up to 16 bits the whole chain is
worked out once for each possible value and one table lookup makes the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.results import ProvenanceStep
from dropsight.imaging.dicom.lut import Lut, Values
from dropsight.imaging.dicom.stored import Array, Decoded, interpret
from dropsight.imaging.lookup import look_up
from dropsight.imaging.windowing import Contrast, FullRange, Image, Percentile, VoiWindow

ROWS_AT_ONCE = 128


@dataclass(frozen=True)
class Rescale:
    """Modality units = slope x stored value + intercept (C.11.1.1.2)."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, values: Values) -> Values:
        return values * self.slope + self.intercept


@dataclass(frozen=True)
class Padding:
    """Stored values low..high that stand for no image (C.7.5.1.1.2)."""

    low: int
    high: int

    def marks(self, values: Array) -> npt.NDArray[np.bool_]:
        inside: npt.NDArray[np.bool_] = (values >= self.low) & (values <= self.high)
        return inside


@dataclass(frozen=True)
class Greyscale:
    """From stored values to intensities in 0..1."""

    modality: Rescale | Lut
    voi: VoiWindow | Lut | FullRange | None
    """None: a percentile window, or the full range, of each frame."""
    invert: bool
    padding: Padding | None

    def resolve(
        self, frame: Decoded, contrast: Contrast = "percentile"
    ) -> tuple[Greyscale, list[ProvenanceStep]]:
        """With a window of its own in the place of a missing one, and what that window is."""
        if self.voi is not None:
            return self, []
        window: Percentile | FullRange
        if contrast == "full":
            window = chosen = self._full_range(frame)
        else:
            window = Percentile.of(self.modality(_sample(frame, self.padding)))
            chosen = window.range
        found = Greyscale(self.modality, chosen, self.invert, self.padding)
        return found, [ProvenanceStep(step="voi", parameters=window.parameters())]

    def _full_range(self, frame: Decoded) -> FullRange:
        """Over all pixels but padding, some rows at a time."""
        ends: list[float] = []
        for top in range(0, frame.pixels.shape[0], ROWS_AT_ONCE):
            stored = interpret(frame.pixels[top : top + ROWS_AT_ONCE], frame.bits)
            kept = stored if self.padding is None else stored[~self.padding.marks(stored)]
            values = self.modality(kept.astype(np.float64))
            finite = values[np.isfinite(values)]
            if finite.size:
                ends += [float(finite.min()), float(finite.max())]
        return FullRange.of(np.array(ends, np.float64))

    def intensities(self, stored: Array) -> Values:
        """float64 in 0..1 for stored values of any shape."""
        voi = self.voi
        if voi is None:
            raise ValueError("Greyscale.intensities: call resolve() first")
        values = voi(self.modality(stored.astype(np.float64)))
        if isinstance(voi, Lut):
            values = values / ((1 << voi.descriptor.bits) - 1)
        np.clip(values, 0.0, 1.0, out=values)
        if self.invert:
            np.subtract(1.0, values, out=values)
        if self.padding is not None:
            values[self.padding.marks(stored)] = 0.0
        return values

    def render(self, frame: Decoded) -> Image:
        """uint8 where the full range of 8 bits or fewer is shown as it is, else uint16."""
        narrow = isinstance(self.voi, FullRange) and self.voi.narrow
        dtype: Any = np.dtype(np.uint8 if narrow else np.uint16)
        pixels = frame.pixels
        if pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 2:
            return self._by_table(frame, dtype)
        image: Array = np.empty(pixels.shape, dtype)
        for top in range(0, pixels.shape[0], ROWS_AT_ONCE):
            rows = slice(top, top + ROWS_AT_ONCE)
            stored = interpret(pixels[rows], frame.bits)
            image[rows] = _quantised(self.intensities(stored), dtype)
        return image

    def _by_table(self, frame: Decoded, dtype: Any) -> Image:
        """One entry for each pattern of bits, unused high bits included."""
        size = frame.pixels.dtype.itemsize
        patterns = np.arange(1 << (8 * size), dtype=f"u{size}")
        stored = interpret(patterns.view(frame.pixels.dtype), frame.bits)
        table = _quantised(self.intensities(stored), dtype)
        return look_up(table, frame.pixels.view(f"u{size}"))


def _quantised(intensities: Values, dtype: Any) -> Image:
    full = np.iinfo(dtype).max
    image: Image = np.nan_to_num(intensities * full + 0.5, nan=0.0).astype(dtype)
    return image


def _sample(frame: Decoded, padding: Padding | None) -> Values:
    """Some 100,000 stored values spread over the frame, without padding; never empty."""
    step = max(1, int((frame.pixels.size / 100_000) ** 0.5))
    stored = interpret(frame.pixels[::step, ::step], frame.bits)
    kept = stored if padding is None else stored[~padding.marks(stored)]
    return (kept if kept.size else stored).astype(np.float64).ravel()
