"""Values beside the 8-bit picture: units, windows and levels, with numbers to check on paper."""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
import pytest

from dropsight.domain.manifests import Window
from dropsight.imaging.dicom.tags import Tag
from dropsight.imaging.prepare import open_upload, prepare
from dropsight.imaging.values import FrameValues
from tests.unit.imaging.dicom_bytes import (
    data_set,
    dicom,
    element,
    film,
    raw_element,
    sequence,
)
from tests.unit.imaging.models import model, policy

pytestmark = pytest.mark.unit


def values(data: bytes, window: Window | None = None, **rules: Any) -> FrameValues | None:
    chosen = policy(**rules)
    made = prepare(open_upload(data, chosen), model(window=window), chosen, keep_values=True)
    return made.values[0] if made.values else None


def kept(data: bytes, window: Window | None = None) -> FrameValues:
    found = values(data, window)
    assert found is not None
    return found


def numbers(found: FrameValues) -> list[float]:
    """Values in the unit, pixel by pixel."""
    meaning = found.meaning
    return [float(level) * meaning.slope + meaning.intercept for level in found.levels.ravel()]


def ct(*stored: int, **changes: Any) -> bytes:
    """2 x 2 signed 16-bit pixels, rescaled by 1 and -1024."""
    return film(
        {
            Tag.Modality: "CT",
            Tag.BitsStored: 16,
            Tag.HighBit: 15,
            Tag.PixelRepresentation: 1,
            Tag.RescaleSlope: "1",
            Tag.RescaleIntercept: "-1024",
            Tag.PixelData: struct.pack("<4h", *stored),
        }
        | {Tag[name]: value for name, value in changes.items()}
    )


def test_a_ct_slice_has_hounsfield_units_whatever_the_window_cuts_off():
    found = kept(ct(-1000, 0, 1024, 4000, WindowCenter="40", WindowWidth="400"))
    assert numbers(found) == [-2024, -1024, 0, 2976]
    assert found.meaning.unit == "HU"
    assert found.meaning.exact
    (window,) = found.meaning.windows
    assert (window.function, window.center, window.width) == ("LINEAR", 40, 400)
    assert window.source == "file"


def test_unsigned_values_without_rescale_are_as_they_are_stored_and_have_no_unit():
    found = kept(film())
    assert numbers(found) == [0, 1000, 2000, 4095]
    assert found.meaning.unit is None


def test_unused_high_bits_do_not_count():
    """Bit 15 of a 12-bit film belongs to an overlay."""
    found = kept(film({Tag.PixelData: struct.pack("<4H", 0x8000, 0x8001, 2, 3)}))
    assert numbers(found) == [0, 1, 2, 3]


def test_every_window_of_the_file_is_offered_and_the_first_is_that_of_the_picture():
    found = kept(film({Tag.WindowCenter: "2048\\100", Tag.WindowWidth: "4096\\50"}))
    assert [(one.center, one.width) for one in found.meaning.windows] == [(2048, 4096), (100, 50)]


def test_windows_with_a_value_missing_are_not_paired_wrongly():
    found = kept(film({Tag.WindowCenter: "2048\\100\\7", Tag.WindowWidth: "4096\\50"}))
    assert [(one.center, one.width) for one in found.meaning.windows] == [(2048, 4096)]


def test_the_window_of_the_model_comes_before_those_of_the_file():
    data = film({Tag.WindowCenter: "2048", Tag.WindowWidth: "4096"})
    found = kept(data, Window(center=10, width=20))
    assert [(one.source, one.center) for one in found.meaning.windows] == [
        ("model", 10),
        ("file", 2048),
    ]


def test_without_any_window_it_is_the_percentiles_of_the_picture():
    (window,) = kept(film()).meaning.windows
    assert (window.source, window.function) == ("computed", "LINEAR_EXACT")


def test_monochrome1_keeps_its_values_and_says_that_low_ones_are_white():
    found = kept(film({Tag.PhotometricInterpretation: "MONOCHROME1"}))
    assert numbers(found) == [0, 1000, 2000, 4095]
    assert found.meaning.invert


def test_padding_is_told_in_levels():
    """-2000 of 16 signed bits is level -2000 + 32768."""
    padding = raw_element(Tag.PixelPaddingValue, "SS", struct.pack("<h", -2000))
    body = {Tag.PixelData: struct.pack("<4h", -2000, 0, 1, 2), Tag.PixelRepresentation: 1}
    found = kept(film({**body, Tag.BitsStored: 16, Tag.HighBit: 15}, extra=padding))
    assert (found.meaning.padding_low, found.meaning.padding_high) == (30768, 30768)
    assert int(found.levels[0, 0]) == 30768


def test_a_modality_lut_gives_the_values_of_its_table():
    """The table begins at input 0; inputs past its end get its last value."""
    item = (
        element(Tag.LUTDescriptor, [3, 0, 16])
        + raw_element(Tag.ModalityLUTType, "LO", b"OD")
        + element(Tag.LUTData, struct.pack("<3H", 500, 600, 700))
    )
    data = film(
        {Tag.PixelData: struct.pack("<4H", 0, 1, 2, 3)},
        extra=sequence(Tag.ModalityLUTSequence, item),
    )
    found = kept(data)
    assert numbers(found) == [500, 600, 700, 700]
    assert found.meaning.unit == "10⁻³ OD"


def test_a_unit_that_is_no_defined_term_is_not_passed_on():
    assert kept(ct(0, 1, 2, 3, RescaleType="JOHN DOE")).meaning.unit is None


def test_floating_point_values_are_rounded_to_levels_and_nan_has_none():
    pixels = struct.pack("<4f", -1.0, 0.5, 3.0, float("nan"))
    data = dicom(
        data_set(
            {
                Tag.Modality: "PT",
                Tag.SamplesPerPixel: 1,
                Tag.PhotometricInterpretation: "MONOCHROME2",
                Tag.Rows: 2,
                Tag.Columns: 2,
                Tag.BitsAllocated: 32,
                Tag.FloatPixelData: pixels,
                Tag.Units: "BQML",
            }
        )
    )
    found = kept(data)
    assert not found.meaning.exact
    assert found.meaning.unit == "Bq/ml"
    assert numbers(found)[:3] == pytest.approx([-1.0, 0.5, 3.0], abs=4 / 65534)
    assert int(found.levels[1, 1]) == found.meaning.padding_low == found.meaning.padding_high == 0


def test_a_16_bit_tiff_keeps_its_samples():
    pixels = np.array([[0, 300], [40_000, 65_535]], np.uint16)
    found = kept(cv2.imencode(".tiff", pixels)[1].tobytes())
    assert np.array_equal(found.levels, pixels)
    assert numbers(found) == [0, 300, 40_000, 65_535]


@pytest.mark.parametrize(
    "data",
    [
        film({Tag.BitsAllocated: 8, Tag.BitsStored: 8, Tag.HighBit: 7, Tag.PixelData: b"\0\1\2\3"}),
        cv2.imencode(".png", np.zeros((2, 2), np.uint8))[1].tobytes(),
        cv2.imencode(".png", np.zeros((2, 2, 3), np.uint16))[1].tobytes(),
    ],
    ids=["8-bit film", "8-bit PNG", "16-bit colour"],
)
def test_where_8_bits_show_everything_or_there_is_colour_nothing_is_kept(data: bytes):
    assert values(data) is None


def test_over_the_budget_nothing_is_kept():
    """2 x 2 pixels of 2 bytes."""
    assert values(film(), value_bytes=8) is not None
    assert values(film(), value_bytes=7) is None


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_first_window_over_the_values_is_the_8_bit_picture(photometric: str):
    data = film(
        {
            Tag.PhotometricInterpretation: photometric,
            Tag.WindowCenter: "2000",
            Tag.WindowWidth: "3000",
            Tag.PixelData: struct.pack("<4H", 400, 1234, 2500, 3600),
        }
    )
    chosen = policy()
    made = prepare(open_upload(data, chosen), model(), chosen, keep_values=True)
    (found,) = made.values
    assert found is not None
    (window,) = found.meaning.windows
    shares = [
        min(1.0, max(0.0, (value - (window.center - 0.5)) / (window.width - 1) + 0.5))
        for value in numbers(found)
    ]
    if found.meaning.invert:
        shares = [1 - share for share in shares]
    shown = [share * 255 for share in shares]
    assert made.display[0].ravel().tolist() == pytest.approx(shown, abs=1)
