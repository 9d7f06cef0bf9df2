"""Values of a DICOM frame after the Modality LUT, with their unit and the windows of the file."""

from __future__ import annotations

import numpy as np

from dropsight.domain.manifests import Window
from dropsight.domain.pixel_values import DisplayWindow, PixelValues
from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.greyscale import Greyscale, Padding, Rescale
from dropsight.imaging.dicom.image import ImageHeader
from dropsight.imaging.dicom.lut import Lut
from dropsight.imaging.dicom.stored import Array, Decoded
from dropsight.imaging.dicom.tags import Tag
from dropsight.imaging.dicom.terms import PET_UNITS, RESCALE_TYPES
from dropsight.imaging.dicom.voi import read_windows, transformation
from dropsight.imaging.values import FrameValues, Levels, by_rows, display_window, quantised
from dropsight.imaging.windowing import Values

MOST_WINDOWS = 8
"""Of one file; further ones are not offered."""


def frame_values(
    frame: Decoded,
    greyscale: Greyscale,
    dataset: DataSet,
    header: ImageHeader,
    index: int,
    fixed: Window | None,
) -> FrameValues:
    """`greyscale`: resolved, so that it says which window the 8-bit picture has.

    Stored values of up to 16 bits keep each of their levels; others are rounded to 65,535 of them.
    """
    stored = frame.values()
    modality, padding = greyscale.modality, greyscale.padding
    marked: tuple[int, int] | None = None
    exact = True
    if isinstance(modality, Lut):
        levels = by_rows(stored, lambda rows: modality(rows.astype(np.float64)))
        slope, intercept = 1.0, 0.0
        padding = None  # an input of the table that has no level of its own
    elif stored.dtype.kind in "iu" and frame.bits <= 16:
        levels, first = _shifted(stored, frame.bits)
        slope, intercept = modality.slope, modality.intercept + modality.slope * first
        marked = _levels_of(padding, first)
    else:
        levels, slope, intercept = quantised(stored, lambda rows: _values(rows, greyscale))
        marked, exact = (0, 0), False
    meaning = PixelValues(
        slope=slope,
        intercept=intercept,
        unit=_unit(dataset, index, modality),
        exact=exact,
        invert=greyscale.invert,
        padding_low=marked[0] if marked else None,
        padding_high=marked[1] if marked else None,
        windows=_windows(greyscale, dataset, header, index, fixed),
    )
    return FrameValues(levels, meaning)


def _values(stored: Array, greyscale: Greyscale) -> Values:
    """float64, NaN for padding."""
    values = greyscale.modality(stored.astype(np.float64))
    if greyscale.padding is not None:
        values[greyscale.padding.marks(stored)] = np.nan
    return values


def _shifted(stored: Array, bits: int) -> tuple[Levels, int]:
    """Levels from 0 up, and the stored value that is level 0: -2048 of 12 signed bits."""
    first = -(1 << (bits - 1)) if stored.dtype.kind == "i" else 0
    levels = stored.astype(np.uint16)  # modulo 65536, as the difference below
    if first:
        levels -= np.uint16(first & 0xFFFF)
    return levels, first


def _levels_of(padding: Padding | None, first: int) -> tuple[int, int] | None:
    """None where no stored value can be one that is padded."""
    if padding is None or padding.high < first or padding.low - first > 0xFFFF:
        return None
    return max(0, padding.low - first), min(0xFFFF, padding.high - first)


def _unit(dataset: DataSet, index: int, modality: Rescale | Lut) -> str | None:
    """A defined term in the form that people write, never a text that only the file knows.

    Rescale Type (0028,1054), Modality LUT Type (0028,3004), Units (0054,1001) of PET. A CT image
    that was rescaled and says nothing is in Hounsfield units (PS3.3 C.8.2.1.1.2).
    """
    kind = (dataset.text(Tag.Modality) or "").upper()
    if isinstance(modality, Lut):
        declared = dataset.items(Tag.ModalityLUTSequence)[0].text(Tag.ModalityLUTType)
    else:
        declared = transformation(dataset, index).text(Tag.RescaleType)
        if declared is None and kind == "CT" and modality != Rescale():
            return "HU"
    if kind == "PT":
        return PET_UNITS.get((dataset.text(Tag.Units) or "").upper())
    return RESCALE_TYPES.get((declared or "").upper())


def _windows(
    greyscale: Greyscale,
    dataset: DataSet,
    header: ImageHeader,
    index: int,
    fixed: Window | None,
) -> list[DisplayWindow]:
    """That of the 8-bit picture, then those of the file that differ from it."""
    of_file = [
        display_window(one, "file") for one in read_windows(dataset, header, index)[:MOST_WINDOWS]
    ]
    voi = greyscale.voi
    if isinstance(voi, Lut):
        first, entries = voi.descriptor.first, voi.descriptor.entries
        shown = DisplayWindow(
            function="LUT", center=first + entries / 2.0, width=float(entries), source="file"
        )
    elif voi is None:
        raise ValueError("frame_values: the greyscale transform is not resolved")
    elif fixed is not None:
        shown = display_window(voi, "model")
    elif of_file:
        shown = of_file[0]
    else:
        shown = display_window(voi, "computed")
    return [shown, *(one for one in of_file if one != shown)]
