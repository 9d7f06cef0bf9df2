"""One decoded frame of stored values, before any meaning is given to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.imaging.dicom.image import ImageHeader

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Decoded:
    """One frame as it is stored.

    pixels
        Shape (rows, columns) or (rows, columns, 3); any integer dtype, or float32/float64 for
        Float and Double Float Pixel Data. May be a read-only view of the file.
    photometric
        Colour space of `pixels`: some decoders convert as they go.
    bits
        Bits of each sample that count. Those above may hold anything, such as overlays.
    """

    pixels: Array
    photometric: str
    bits: int

    def values(self) -> Array:
        """The stored values, unused high bits cleared or filled with the sign (PS3.5 8.1.1)."""
        return interpret(self.pixels, self.bits)


def interpret(pixels: Array, bits: int) -> Array:
    """The low `bits` of each sample, by the signedness of its dtype."""
    if pixels.dtype.kind == "f" or bits >= pixels.dtype.itemsize * 8:
        return pixels
    return reinterpret(pixels, bits, pixels.dtype.kind == "i")


def reinterpret(pixels: Array, bits: int, signed: bool) -> Array:
    """The low `bits` of each sample read as signed or unsigned.

    With 13 bits 1 1000 0011 0000 is 6192 unsigned and -2000 signed.
    """
    size = pixels.dtype.itemsize
    view = pixels.view(np.dtype(f"{'i' if signed else 'u'}{size}"))
    shift = 8 * size - bits
    if shift <= 0:
        return view
    shifted: Array = np.left_shift(view, shift)
    np.right_shift(shifted, shift, out=shifted)
    return shifted


def arrange(samples: Array, header: ImageHeader) -> Array:
    """Samples of one frame in file order as (rows, columns) or (rows, columns, 3)."""
    if header.samples == 1:
        return samples.reshape(header.rows, header.columns)
    if header.planar == 0:
        return samples.reshape(header.rows, header.columns, header.samples)
    return samples.reshape(header.samples, header.rows, header.columns).transpose(1, 2, 0)
