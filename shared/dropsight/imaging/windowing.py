"""VOI windows: which values become black, white and the shades between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
WindowFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
Contrast = Literal["percentile", "full"]
"""`InputSpec.contrast`."""

LOW_PERCENTILE = 0.5
HIGH_PERCENTILE = 99.5


@dataclass(frozen=True)
class VoiWindow:
    """VOI LUT Function with Window Center and Width (PS3.3 C.11.2.1.2 and C.11.2.1.3).

    LINEAR needs a width of 1 or more, the others of more than 0.
    """

    center: float
    width: float
    function: WindowFunction = "LINEAR"

    def __call__(self, values: Values) -> Values:
        """Intensities; those outside 0..1 are clipped later."""
        if self.function == "SIGMOID":
            with np.errstate(over="ignore"):
                sigmoid: Values = 1.0 / (1.0 + np.exp(-4.0 * (values - self.center) / self.width))
            return sigmoid
        if self.function == "LINEAR_EXACT":
            return (values - self.center) / self.width + 0.5
        if self.width == 1.0:
            return (values > self.center - 0.5).astype(np.float64)
        return (values - (self.center - 0.5)) / (self.width - 1.0) + 0.5

    def parameters(self) -> dict[str, Any]:
        return {"function": self.function, "center": self.center, "width": self.width}


@dataclass(frozen=True)
class FullRange:
    """`low` becomes black and `high` white."""

    low: float
    high: float
    narrow: bool = False
    """The range of 8 bits or fewer, so that 8 bits are enough to show it."""

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> FullRange:
        """From the least to the greatest finite value; an image of one value becomes black."""
        finite = values if values.dtype.kind in "iu" else values[np.isfinite(values)]
        if not finite.size:
            return cls(0.0, 1.0)
        low, high = float(finite.min()), float(finite.max())
        return cls(low, high if high > low else low + 1.0)

    def __call__(self, values: Values) -> Values:
        return (values - self.low) / (self.high - self.low)

    def parameters(self) -> dict[str, Any]:
        return {"function": "FULL_RANGE", "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Percentile:
    """A robust window for an image that declares none: the 0.5 and 99.5 percentiles."""

    range: FullRange

    @classmethod
    def of(cls, sample: Values) -> Percentile:
        """Over the finite values of `sample`; an image of one value becomes black."""
        finite = sample[np.isfinite(sample)]
        if not finite.size:
            return cls(FullRange(0.0, 1.0))
        low, high = np.percentile(finite, [LOW_PERCENTILE, HIGH_PERCENTILE])
        if not high > low:
            low, high = finite.min(), finite.max()
        if not high > low:
            high = low + 1.0
        return cls(FullRange(float(low), float(high)))

    def parameters(self) -> dict[str, Any]:
        return {
            "function": "PERCENTILE",
            "percentiles": [LOW_PERCENTILE, HIGH_PERCENTILE],
            "low": self.range.low,
            "high": self.range.high,
        }


def spread_sample(pixels: npt.NDArray[Any]) -> Values:
    """Some 100,000 samples spread over an image (height, width[, 3])."""
    step = max(1, int((pixels.size / 100_000) ** 0.5))
    return pixels[::step, ::step].astype(np.float64).ravel()


def shades(
    values: npt.NDArray[Any], window: FullRange, invert: bool = False
) -> npt.NDArray[np.uint16]:
    """uint16 of values of any shape, 65535 for white; NaN becomes black."""
    intensities = np.clip(window(values.astype(np.float64)), 0.0, 1.0)
    if invert:
        intensities = 1.0 - intensities
    return np.nan_to_num(intensities * 65535.0 + 0.5, nan=0.0).astype(np.uint16)
