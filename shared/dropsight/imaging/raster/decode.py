"""Decode image files with OpenCV, which keeps 16 bits where others cut them to 8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import BudgetExceeded, MalformedFile
from dropsight.domain.manifests import Format
from dropsight.domain.pixel_values import PixelValues
from dropsight.domain.results import ProvenanceStep
from dropsight.imaging.lookup import look_up
from dropsight.imaging.raster.header import RasterHeader
from dropsight.imaging.values import FrameValues, Rendered, display_window, quantised
from dropsight.imaging.windowing import (
    Contrast,
    FullRange,
    Image,
    Percentile,
    shades,
    spread_sample,
)

Array = npt.NDArray[Any]
ROWS_AT_ONCE = 256


def iter_images(
    data: bytes,
    found: Format,
    header: RasterHeader,
    contrast: Contrast = "percentile",
    keep_values: bool = False,
) -> Iterator[Rendered]:
    """Each picture as people see it, and how it was made.

    uint8 as stored, or uint16 by a percentile window (or the full range, as `contrast` says) where
    samples have more than 8 bits or are floating point: such files do not say which value is
    white. Shape (height, width) or
    (height, width, 3) in RGB; an alpha channel is dropped. Of animations the first picture.
    Raises MalformedFile, BudgetExceeded.
    """
    for page in _wanted_pages(data, found, header):
        pixels = _as_seen(page, found, header)
        steps = [_decode_step(found, header)]
        if pixels.dtype == np.uint8:
            yield Rendered(pixels, steps)
            continue
        window = (
            FullRange.of(pixels) if contrast == "full" else Percentile.of(spread_sample(pixels))
        )
        parameters = {**window.parameters(), "invert": header.min_is_white}
        steps.append(ProvenanceStep(step="voi", parameters=parameters))
        chosen = window.range if isinstance(window, Percentile) else window
        values = _values(pixels, chosen, header) if keep_values and pixels.ndim == 2 else None
        yield Rendered(_windowed(pixels, chosen, header.min_is_white), steps, values)


def _wanted_pages(data: bytes, found: Format, header: RasterHeader) -> Iterator[Array]:
    """TIFF pages of the first page's size, one at a time; the one picture of other formats."""
    remaining = header.pages
    for index in range(header.pages + header.skipped_pages):
        page = _decode(data, found, index)
        if header.skipped_pages and page.shape[:2] != header.oriented_size[::-1]:
            continue
        yield page
        remaining -= 1
        if not remaining:
            return


def _decode(data: bytes, found: Format, index: int) -> Array:
    import cv2  # noqa: PLC0415  (a refused file never needs it)

    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION
    buffer = np.frombuffer(data, np.uint8)
    try:
        if found == "tiff":
            _, pages = cv2.imdecodemulti(buffer, flags, range=(index, index + 1))
            pixels = pages[0] if pages else None
        else:
            pixels = cv2.imdecode(buffer, flags)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise BudgetExceeded(
                "the image is larger than OpenCV is set to read; raise OPENCV_IO_MAX_IMAGE_PIXELS"
            ) from error
        raise MalformedFile(
            f"the {found} decoder cannot read the picture; the file is damaged, export it again"
        ) from error
    if pixels is None or pixels.size == 0:
        raise MalformedFile(
            f"the {found} decoder cannot read picture {index + 1}; the file is damaged or of a "
            "kind that is not read, export it again as 8 or 16 bit"
        )
    if pixels.ndim == 2:
        return np.asarray(pixels)
    if pixels.dtype in (np.uint8, np.uint16):
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    return np.asarray(pixels[..., ::-1])


def _as_seen(pixels: Array, found: Format, header: RasterHeader) -> Array:
    """Grey with one channel, and the right way up (OpenCV turns TIFF by itself)."""
    if header.channels <= 2 and pixels.ndim == 3:
        pixels = pixels[..., 0]
    return pixels if found == "tiff" else oriented(pixels, header.orientation)


def oriented(pixels: Array, orientation: int) -> Array:
    """EXIF Orientation undone: 3 turns by 180 degrees, 6 clockwise by 90, 8 by 270."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _decode_step(found: Format, header: RasterHeader) -> ProvenanceStep:
    parameters: dict[str, Any] = {
        "format": found,
        "decoder": "opencv",
        "bits": header.bits,
        "orientation": header.orientation,
    }
    if header.skipped_pages:
        parameters["skippedPages"] = header.skipped_pages
    return ProvenanceStep(step="decode", parameters=parameters)


def _values(pixels: Array, window: FullRange, header: RasterHeader) -> FrameValues:
    """16-bit samples as they are; others, floating point above all, rounded to 65,535 levels."""
    is_exact = pixels.dtype == np.uint16
    levels, slope, intercept = (
        (pixels, 1.0, 0.0) if is_exact else quantised(pixels, lambda rows: rows.astype(np.float64))
    )
    meaning = PixelValues(
        slope=slope,
        intercept=intercept,
        exact=is_exact,
        invert=header.min_is_white,
        padding_low=None if is_exact else 0,
        padding_high=None if is_exact else 0,
        windows=[display_window(window, "computed")],
    )
    return FrameValues(levels, meaning)


def _windowed(pixels: Array, window: FullRange, invert: bool) -> Image:
    """uint16 over the window; NaN becomes black."""
    if pixels.dtype == np.uint16:
        return look_up(shades(np.arange(65536), window, invert), pixels)
    out = np.empty(pixels.shape, np.uint16)
    for top in range(0, pixels.shape[0], ROWS_AT_ONCE):
        rows = slice(top, top + ROWS_AT_ONCE)
        out[rows] = shades(pixels[rows], window, invert)
    return out
