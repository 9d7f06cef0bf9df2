"""`input.contrast: full`: the model gets every step of a dim 16-bit frame, and people still see."""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dropsight.domain.manifests import Manifest
from dropsight.domain.wire import replace
from dropsight.imaging.dicom.tags import Tag
from tests.unit.imaging.dicom_bytes import film
from tests.unit.imaging.models import model, prepared

pytestmark = pytest.mark.unit


def full(width: int, height: int) -> Manifest:
    base = model(width, height)
    return replace(base, input=replace(base.input, contrast="full"))


def encoded(pixels: npt.NDArray[Any], suffix: str) -> bytes:
    done, buffer = cv2.imencode(suffix, pixels)
    assert done
    return buffer.tobytes()


@pytest.fixture
def dim() -> npt.NDArray[np.uint16]:
    """600 grey levels, 1 % of 16 bits, and one hot pixel at full scale."""
    ramp = (np.arange(1200, dtype=np.uint16) // 2 + 100).reshape(30, 40)
    ramp[0, 0] = 65535
    return ramp


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_no_two_levels_of_a_dim_frame_fall_together(dim: npt.NDArray[np.uint16], suffix: str):
    result = prepared(encoded(dim, suffix), full(40, 30))
    found = result.frame.pixels[0, :, :, 0]
    # Stretched from 100..65535 over 0..65535: steps of 1.0015, rounded.
    assert np.array_equal(np.round((dim - 100.0) / 65435 * 65535), found)
    assert len(np.unique(found)) == len(np.unique(dim)) == 601
    (voi,) = [step for step in result.frame.provenance if step.step == "voi"]
    assert voi.parameters == {
        "function": "FULL_RANGE", "low": 100.0, "high": 65535.0, "invert": False
    }  # fmt: skip


def test_the_percentile_window_would_have_clipped_the_brightest(dim: npt.NDArray[np.uint16]):
    found = prepared(encoded(dim, ".tiff"), model(40, 30)).frame.pixels
    assert (found == 65535).sum() > 1


def test_people_see_a_dim_frame_all_the_same(dim: npt.NDArray[np.uint16]):
    shown = prepared(encoded(dim, ".tiff"), full(40, 30)).display[0]
    usual = prepared(encoded(dim, ".tiff"), model(40, 30)).display[0]
    assert shown.max() == 255
    assert np.abs(shown.astype(int) - usual).max() <= 1


def test_eight_bits_are_taken_as_they_are():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(
        prepared(encoded(grey, ".png"), full(4, 3)).frame.pixels[0, :, :, 0], grey
    )


def test_a_frame_of_one_value_is_black():
    flat = np.full((3, 4), 500, np.uint16)
    assert not prepared(encoded(flat, ".tiff"), full(4, 3)).frame.pixels.any()


def test_floating_point_frames_leave_out_what_is_not_finite():
    values = np.array([[-1.0, 0.0, np.nan, np.inf], [1.0, 3.0, 0.5, -0.5]], np.float32)
    found = prepared(encoded(values, ".tiff"), full(4, 2)).frame.pixels[0, :, :, 0]
    assert found.tolist() == [[0, 16384, 0, 65535], [32768, 65535, 24576, 8192]]


def test_a_dicom_file_without_a_window_gets_its_full_range_and_padding_does_not_count():
    stored = struct.pack("<4H", 0, 1000, 1500, 3000)
    data = film({Tag.PixelData: stored, Tag.PixelPaddingValue: 0})
    result = prepared(data, full(2, 2))
    # 1000..3000 over 0..65535; the padding of 0 is black.
    assert result.frame.pixels.ravel().tolist() == [0, 0, 16384, 65535]


def test_the_window_of_a_dicom_file_comes_first():
    data = film({Tag.WindowCenter: "2048", Tag.WindowWidth: "4096"})
    assert np.array_equal(
        prepared(data, full(2, 2)).frame.pixels, prepared(data, model(2, 2)).frame.pixels
    )
