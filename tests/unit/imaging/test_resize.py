"""Resizing by each rule, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dropsight.domain.frames import Frame
from dropsight.domain.manifests import InputSpec
from dropsight.imaging.resize import plan, resize_into, to_frame, to_source

pytestmark = pytest.mark.unit


def resized(
    image: Any, width: int, height: int, rule: Any, channels: Any = 1, **more: Any
) -> Frame:
    spec = InputSpec(width=width, height=height, channels=channels, resize=rule, **more)
    out = np.zeros((height, width, channels), image.dtype)
    geometry = plan(image.shape[1], image.shape[0], spec)
    resize_into(image, out, geometry)
    return Frame(out[np.newaxis], image.shape[1], image.shape[0], geometry.content_box)


def test_shrinking_averages_the_area():
    image = np.array([[0, 100], [200, 300]], np.uint16)
    assert resized(image, 1, 1, "stretch").pixels.ravel().tolist() == [150]


def test_one_axis_may_shrink_while_the_other_grows():
    image = np.array([[10, 20, 30, 40]], np.uint8)
    assert resized(image, 2, 3, "stretch").pixels[0, :, :, 0].tolist() == [[15, 35]] * 3


def test_letterbox_keeps_the_aspect_and_pads_with_zero():
    image = np.full((2, 4), 9, np.uint8)
    frame = resized(image, 4, 4, "letterbox")
    assert list(frame.content_box) == [0, 1, 4, 2]
    assert frame.pixels[0, :, :, 0].tolist() == [[0] * 4, [9] * 4, [9] * 4, [0] * 4]


def test_padding_has_the_intensity_of_model_yaml_at_either_depth():
    for dtype, grey in ((np.uint8, 114), (np.uint16, 29294)):  # 0.447 x 255 and x 65,535
        frame = resized(np.full((2, 4), 9, dtype), 4, 4, "letterbox", padding=0.447)
        assert frame.pixels[0, :, 0, 0].tolist() == [grey, 9, 9, grey]


def test_linear_interpolation_takes_two_neighbours_where_area_takes_them_all():
    image = np.array([[0, 0, 90, 90, 0, 0]], np.uint8)
    # Thirds: the centres of two columns lie at pixels 1 and 4, which are 0.
    assert resized(image, 2, 1, "stretch").pixels.ravel().tolist() == [30, 30]
    linear = resized(image, 2, 1, "stretch", interpolation="linear")
    assert linear.pixels.ravel().tolist() == [0, 0]


@pytest.mark.parametrize(("width", "height"), [(611, 417), (417, 611), (333, 100), (640, 641)])
def test_letterbox_lies_where_the_training_code_of_yolo_puts_it(width: int, height: int):
    frame = resized(np.zeros((height, width), np.uint8), 320, 320, "letterbox")
    ratio = min(320 / height, 320 / width)
    inner = (round(width * ratio), round(height * ratio))
    # Its rule: half of the rest, and a tenth of a pixel less, rounded.
    left, top = (round((320 - side) / 2 - 0.1) for side in inner)
    assert frame.content_box == (left, top, *inner)


def test_crop_takes_the_middle_and_its_box_reaches_past_the_frame():
    image = np.array([[1, 2, 3, 4], [1, 2, 3, 4]], np.uint8)
    frame = resized(image, 2, 2, "crop")
    assert frame.pixels[0, :, :, 0].tolist() == [[2, 3], [2, 3]]
    assert list(frame.content_box) == [-1, 0, 4, 2]


def test_colour_becomes_luma_and_grey_is_repeated():
    red = np.array([[[255, 0, 0]]], np.uint8)
    assert resized(red, 1, 1, "stretch").pixels.ravel().tolist() == [76]  # 0.299 x 255
    grey = np.array([[7]], np.uint8)
    assert resized(grey, 1, 1, "stretch", channels=3).pixels.ravel().tolist() == [7, 7, 7]


@pytest.mark.parametrize("rule", ["stretch", "letterbox", "crop"])
def test_the_whole_source_comes_back_from_its_content_box(rule: str):
    frame = resized(np.zeros((30, 70), np.uint8), 16, 16, rule)
    ((x, y, width, height),) = to_source(np.array([frame.content_box]), frame)
    assert (x, y) == pytest.approx((0, 0))
    assert (width, height) == pytest.approx((70, 30))


def test_boxes_are_cut_off_at_the_edges_of_the_source():
    # 20 x 10 in 10 x 10: halved, with 2.5, rounded to 2, rows of padding above.
    frame = resized(np.zeros((10, 20), np.uint8), 10, 10, "letterbox")
    inside, over, padding = to_source(
        np.array([[1, 3, 2, 1], [8, 5, 4, 4], [0, 0, 10, 2]], np.float64), frame
    ).tolist()
    assert inside == [2, 2, 4, 2]
    assert over == [16, 6, 4, 4]
    assert padding == [0, 0, 20, 0]


def test_a_box_in_source_pixels_goes_to_the_frame_and_back():
    frame = resized(np.zeros((10, 20), np.uint8), 10, 10, "letterbox")
    box = np.array([[2, 2, 4, 2]], np.float64)
    there = to_frame(box, frame)
    assert there.tolist() == [[1, 3, 2, 1]]  # halved, below 2 rows of padding
    assert to_source(there, frame).tolist() == box.tolist()


@pytest.mark.parametrize("shape", [(1, 65535), (65535, 1)])
@pytest.mark.parametrize("rule", ["stretch", "letterbox", "crop"])
def test_the_longest_legal_image_is_resized(shape: tuple[int, int], rule: str):
    frame = resized(np.full(shape, 5, np.uint16), 224, 224, rule)
    assert frame.pixels.max() == 5
