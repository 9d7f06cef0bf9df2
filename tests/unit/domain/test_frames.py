import numpy as np
import pytest

from dropsight.domain.errors import MalformedFile
from dropsight.domain.frames import Frame
from dropsight.domain.results import ProvenanceStep

pytestmark = pytest.mark.unit


def _frame(dtype: type = np.uint16) -> Frame:
    return Frame(
        pixels=np.arange(24, dtype=dtype).reshape(2, 3, 4, 1),
        source_width=400,
        source_height=300,
        content_box=(0.0, 0.0, 4.0, 3.0),
        provenance=[ProvenanceStep(step="resize", parameters={"rule": "stretch"})],
    )


def test_a_frame_comes_back_from_its_bytes_as_it_was():
    frame = _frame()
    again = Frame.from_bytes(frame.to_bytes())
    np.testing.assert_array_equal(again.pixels, frame.pixels)
    assert again.pixels.dtype == np.uint16
    assert (again.source_width, again.source_height) == (400, 300)
    assert again.content_box == frame.content_box
    assert again.provenance == frame.provenance


def test_equal_frames_give_equal_bytes():
    assert _frame().to_bytes() == _frame().to_bytes()


def test_full_scale_follows_the_depth():
    assert _frame(np.uint8).full_scale == 255
    assert _frame(np.uint16).full_scale == 65535


@pytest.mark.parametrize("pixels", [np.zeros((1, 2, 2, 1)), np.zeros((2, 2), np.uint8)])
def test_pixels_of_another_type_or_shape_are_refused(pixels: np.ndarray):
    with pytest.raises(ValueError, match=r"expected uint8 or uint16 of shape \(frames"):
        Frame(pixels, 1, 1, (0, 0, 1, 1))


@pytest.mark.parametrize("cut", [0, 10, 200])
def test_a_damaged_frame_is_a_malformed_file(cut: int):
    with pytest.raises(MalformedFile, match="cannot be read"):
        Frame.from_bytes(_frame().to_bytes()[:cut])
