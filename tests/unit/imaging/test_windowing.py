"""Windows and the greyscale pipeline, with numbers from PS3.3 C.11.2.1.2."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import MalformedFile
from dropsight.domain.manifests import Window
from dropsight.imaging.dicom.tags import Tag
from dropsight.imaging.windowing import Percentile, VoiWindow
from tests.unit.imaging.dicom_bytes import Value, data_set, dicom, element, film, sequence
from tests.unit.imaging.models import model, prepared

pytestmark = pytest.mark.unit


def pixels(data: bytes, **rules: Any) -> list[int]:
    frame = prepared(data, **rules).frame
    return [int(value) for value in frame.pixels.ravel()]


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def test_linear_is_the_example_of_the_standard():
    """c=2048, w=4096: 0 at 0 and 1 at 4095; the middle lies between 2047 and 2048."""
    window = VoiWindow(2048, 4096)
    assert window(np.array([0.0, 2047.5, 4095.0])).tolist() == [0.0, 0.5, 1.0]


def test_linear_with_a_width_of_one_is_a_step_below_the_center():
    assert VoiWindow(100, 1)(np.array([99.0, 99.5, 100.0])).tolist() == [0, 0, 1]


def test_linear_exact_spans_center_minus_and_plus_half_the_width():
    window = VoiWindow(10, 4, "LINEAR_EXACT")
    assert window(np.array([8.0, 10.0, 11.0, 12.0])).tolist() == [0.0, 0.5, 0.75, 1.0]


def test_sigmoid_is_a_half_at_the_center_and_never_overflows():
    values = VoiWindow(0, 1, "SIGMOID")(np.array([-1e9, 0.0, 1e9]))
    assert values.tolist() == [0.0, 0.5, 1.0]


def test_a_percentile_window_ignores_a_few_outliers_and_nan():
    sample = np.concatenate([np.linspace(0, 100, 10_001), [1e9, -1e9, np.nan]])
    shown = Percentile.of(sample).range
    assert shown.low == pytest.approx(0.5, abs=0.02)
    assert shown.high == pytest.approx(99.5, abs=0.02)


def test_the_window_of_the_file_is_applied():
    data = film({Tag.WindowCenter: "2048", Tag.WindowWidth: "4096"})
    assert pixels(data) == [0, round(1000 / 4095 * 65535), round(2000 / 4095 * 65535), 65535]


def test_the_first_of_several_windows_counts():
    one = film({Tag.WindowCenter: "2048", Tag.WindowWidth: "4096"})
    two = film({Tag.WindowCenter: "2048\\5", Tag.WindowWidth: "4096\\10"})
    assert pixels(one) == pixels(two)


def test_the_window_of_the_model_overrides_the_file():
    data = film({Tag.WindowCenter: "2048", Tag.WindowWidth: "4096"})
    shown = pixels(data, manifest=model(window=Window(center=1000, width=2000)))
    assert shown == [0, 32768, 65535, 65535]


def test_rescale_comes_before_the_window():
    """Stored 0, 1000, 2000, 4095 are -1000, 0, 1000, 3095 units; the window is 0 +/- 1000."""
    data = film(
        {
            Tag.RescaleIntercept: "-1000",
            Tag.RescaleSlope: "1",
            Tag.WindowCenter: "0",
            Tag.WindowWidth: "2000",
            Tag.VOILUTFunction: "LINEAR_EXACT",
        }
    )
    assert pixels(data) == [0, 32768, 65535, 65535]


def test_monochrome1_is_inverted_after_the_window():
    window = {Tag.WindowCenter: "2048", Tag.WindowWidth: "4096"}
    plain = pixels(film(window))
    inverted = pixels(film({**window, Tag.PhotometricInterpretation: "MONOCHROME1"}))
    assert [65535 - value for value in plain] == pytest.approx(inverted, abs=1)


def test_bits_above_bits_stored_are_overlays_and_not_pixels():
    window = {Tag.WindowCenter: "2048", Tag.WindowWidth: "4096"}
    clean = film({**window, Tag.PixelData: words(0, 1, 2, 3)})
    dirty = film({**window, Tag.PixelData: words(0xF000, 0x1001, 0x8002, 0x3003)})
    assert pixels(clean) == pixels(dirty)


def test_the_sign_of_twelve_bits_is_carried_into_sixteen():
    """0x800 is -2048 and 0xFFF is -1 in 12 bits."""
    data = film(
        {
            Tag.PixelRepresentation: 1,
            Tag.PixelData: words(0x800, 0xFFF, 0, 0x7FF),
            Tag.WindowCenter: "0",
            Tag.WindowWidth: "4096",
        }
    )
    assert pixels(data) == [0, round(2047 / 4095 * 65535), round(2048 / 4095 * 65535), 65535]


def test_padding_is_black_even_in_monochrome1():
    data = film(
        {
            Tag.PhotometricInterpretation: "MONOCHROME1",
            Tag.PixelPaddingValue: 0,
            Tag.WindowCenter: "2048",
            Tag.WindowWidth: "4096",
        }
    )
    assert pixels(data)[0] == 0


def test_eight_bits_without_a_window_stay_as_they_are():
    data = film(
        {Tag.BitsAllocated: 8, Tag.BitsStored: 8, Tag.HighBit: 7, Tag.PixelData: b"\0\1\x80\xff"}
    )
    frame = prepared(data).frame
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.ravel().tolist() == [0, 1, 128, 255]


def test_a_voi_lut_comes_before_a_window():
    """Four entries of 8 bits from 0 on: stored 0, 1, 2, 3 become 255, 0, 128, 64."""
    lut = sequence(
        Tag.VOILUTSequence,
        element(Tag.LUTDescriptor, [4, 0, 8]) + element(Tag.LUTData, words(255, 0, 128, 64)),
    )
    data = film(
        {Tag.PixelData: words(0, 1, 2, 3), Tag.WindowCenter: "1", Tag.WindowWidth: "2"}, lut
    )
    assert pixels(data) == [65535, 0, 128 * 257, 64 * 257]


def test_a_modality_lut_takes_the_place_of_rescale():
    lut = sequence(
        Tag.ModalityLUTSequence,
        element(Tag.LUTDescriptor, [2, 10, 16]) + element(Tag.LUTData, words(100, 200)),
    )
    window = {Tag.WindowCenter: "150", Tag.WindowWidth: "100", Tag.VOILUTFunction: "LINEAR_EXACT"}
    data = film({**window, Tag.PixelData: words(0, 10, 11, 4000)}, lut)
    assert pixels(data) == [0, 0, 65535, 65535]


def test_each_frame_of_an_enhanced_file_has_its_own_window():
    def groups(center: str) -> bytes:
        window = element(Tag.WindowCenter, center) + element(Tag.WindowWidth, "2")
        exact = element(Tag.VOILUTFunction, "LINEAR_EXACT")
        return sequence(Tag.FrameVOILUTSequence, window + exact)

    per_frame = sequence(Tag.PerFrameFunctionalGroupsSequence, groups("1"), groups("11"))
    values = {Tag.NumberOfFrames: "2", Tag.PixelData: words(0, 1, 2, 10, 10, 11, 12, 0)}
    data = film(values, per_frame)
    assert pixels(data) == [0, 32768, 65535, 65535, 0, 32768, 65535, 0]


def test_a_width_of_zero_is_passed_over_for_a_percentile_window():
    step = prepared(film({Tag.WindowCenter: "5", Tag.WindowWidth: "0"})).frame.provenance
    chosen = next(one for one in step if one.step == "voi")
    assert chosen.parameters["function"] == "PERCENTILE"


def test_a_rescale_slope_of_zero_is_refused():
    with pytest.raises(MalformedFile, match=r"RescaleSlope \(0028,1053\): found 0"):
        prepared(film({Tag.RescaleSlope: "0"}))


def test_float_pixels_are_windowed_exactly():
    values: dict[int, Value | None] = {
        Tag.SamplesPerPixel: 1,
        Tag.PhotometricInterpretation: "MONOCHROME2",
        Tag.Rows: 2,
        Tag.Columns: 2,
        Tag.BitsAllocated: 32,
        Tag.WindowCenter: "0.5",
        Tag.WindowWidth: "1",
        Tag.FloatPixelData: struct.pack("<4f", 0.0, 0.25, float("nan"), 1.0),
    }
    assert pixels(dicom(data_set(values))) == [0, 16384, 0, 65535]
