"""Colour of DICOM frames: everything becomes RGB at full scale (PS3.3 C.7.6.3.1.2)."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from dropsight.imaging.dicom.stored import Array, Decoded

Image = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
ROWS_AT_ONCE = 256


def to_rgb(frame: Decoded, bits_stored: int) -> Image:
    """uint8 (or uint16, where more than 8 bits are stored), shape (rows, columns, 3).

    RGB and both YBR_FULL forms. YBR_ICT and YBR_RCT are RGB once they are decoded.
    """
    image = full_scale(frame.values(), min(frame.bits, bits_stored))
    if frame.photometric.startswith("YBR_FULL"):
        return ybr_to_rgb(image)
    return image if image.flags.c_contiguous else image.copy()


def full_scale(values: Array, bits: int) -> Image:
    """Unsigned samples of `bits` bits stretched to all of uint8 or uint16."""
    unsigned: Array = values.view(f"u{values.dtype.itemsize}")
    if bits in (8, 16) and unsigned.dtype.itemsize * 8 == bits:
        return unsigned
    if bits > 16:
        return np.right_shift(unsigned, bits - 16).astype(np.uint16)
    dtype, top = (np.uint8, 255) if bits <= 8 else (np.uint16, 65535)
    table = (np.arange(1 << bits) * (top / ((1 << bits) - 1)) + 0.5).astype(dtype)
    scaled: Image = np.take(table, unsigned, mode="clip")
    return scaled


def ybr_to_rgb(image: Image) -> Image:
    """YBR_FULL to RGB: R = Y + 1.402 Cr', G = Y - 0.344136 Cb' - 0.714136 Cr', B = Y + 1.772 Cb'.

    With 8 bits by tables, rounded half up; with 16 bits by OpenCV.
    """
    if image.dtype != np.uint8:
        import cv2  # noqa: PLC0415

        swapped = np.ascontiguousarray(image[..., [0, 2, 1]])
        return np.asarray(cv2.cvtColor(swapped, cv2.COLOR_YCrCb2RGB), dtype=np.uint16)
    red, blue, green_b, green_r = _ybr_tables()
    out = np.empty(image.shape, np.uint8)
    for top in range(0, image.shape[0], ROWS_AT_ONCE):
        rows = slice(top, top + ROWS_AT_ONCE)
        luma = image[rows, :, 0].astype(np.int16)
        cb, cr = image[rows, :, 1], image[rows, :, 2]
        green = np.floor(green_b[cb] + green_r[cr] + 0.5).astype(np.int16)
        for channel, change in ((0, red[cr]), (1, green), (2, blue[cb])):
            np.clip(luma + change, 0, 255, out=out[rows, :, channel], casting="unsafe")
    return out


@functools.cache
def _ybr_tables() -> tuple[
    npt.NDArray[np.int16], npt.NDArray[np.int16], npt.NDArray[np.float64], npt.NDArray[np.float64]
]:
    """What Cb and Cr, 0..255, add to Y; the two parts of green are rounded together."""
    chroma: npt.NDArray[np.float64] = np.arange(256, dtype=np.float64) - 128.0
    red = np.floor(1.402 * chroma + 0.5).astype(np.int16)
    blue = np.floor(1.772 * chroma + 0.5).astype(np.int16)
    green_b: npt.NDArray[np.float64] = chroma * -(0.114 * 1.772 / 0.587)
    green_r: npt.NDArray[np.float64] = chroma * -(0.299 * 1.402 / 0.587)
    return red, blue, green_b, green_r
