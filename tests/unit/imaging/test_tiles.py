"""Frames that keep their source pixels, and the grid that they are cut by."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dropsight.domain.errors import BudgetExceeded
from dropsight.domain.manifests import InputSpec, Manifest
from dropsight.domain.wire import replace
from dropsight.imaging.tiles import Axis, grid
from tests.unit.imaging.models import model, prepared

pytestmark = pytest.mark.unit


def tiled(side: int, overlap: int | None = None, **changes: object) -> Manifest:
    base = model(side, side)
    spec = replace(base.input, resize="tile", overlap=overlap, **changes)
    return replace(base, input=spec)


def as_tiff(*pages: np.ndarray) -> bytes:
    done, data = cv2.imencodemulti(".tiff", list(pages))
    assert done
    return bytes(data)


def test_a_side_is_cut_into_tiles_that_share_their_overlap_and_meet_in_its_middle():
    axis = Axis.cut(600, 256, 48)
    assert axis.starts == (0, 208, 344)  # the last one ends at 600
    assert axis.seams == (232, 404)  # shared are 208 to 256, and 344 to 464


def test_a_side_of_one_tile_has_no_seam():
    assert Axis.cut(256, 256, 48) == Axis((0,), ())


@pytest.mark.parametrize("length", [256, 257, 463, 464, 465, 1000, 4096])
def test_tiles_cover_every_pixel_and_share_at_least_the_overlap(length: int):
    axis = Axis.cut(length, 256, 48)
    assert axis.starts[0] == 0
    assert axis.starts[-1] + 256 == length
    shared = [a + 256 - b for a, b in zip(axis.starts, axis.starts[1:], strict=False)]
    assert all(pixels >= 48 for pixels in shared)


def test_every_point_belongs_to_the_core_of_one_tile():
    spec = InputSpec(width=16, height=16, channels=1, resize="tile", overlap=8)
    tiles = grid(40, 24, spec)  # starts 0, 8, 16, 24 and 0, 8; seams 12, 20, 28 and 12
    points = np.array([[0.0, 0.0], [11.99, 12.0], [12.0, 11.99], [28.0, 23.9], [-3.0, 40.0]])
    owners = tiles.owners(points)
    assert owners.tolist() == [0, 4, 1, 7, 4]
    for (x, y), owner in zip(points, owners, strict=True):
        holders = [
            number
            for number in range(len(tiles))
            if tiles.core(number)[0] <= x < tiles.core(number)[2]
            and tiles.core(number)[1] <= y < tiles.core(number)[3]
        ]
        assert holders == [owner]


def test_the_overlap_is_a_quarter_of_the_shorter_side_where_none_is_stated():
    spec = InputSpec(width=640, height=320, channels=1, resize="tile")
    assert spec.tile_overlap == 80


def test_a_large_frame_keeps_its_pixels():
    image = np.arange(30 * 50, dtype=np.uint16).reshape(30, 50) * 40
    result = prepared(as_tiff(image), tiled(16, contrast="full"))
    frame = result.frame
    assert frame.pixels.shape == (1, 30, 50, 1)
    assert list(frame.content_box) == [0, 0, 50, 30]
    order = np.argsort(frame.pixels.ravel())
    assert (order == np.arange(image.size)).all()  # no two values fell together
    parameters = frame.provenance[-1].parameters
    assert (parameters["rule"], parameters["tile"], parameters["overlap"]) == ("tile", [16, 16], 4)
    assert parameters["padding"] == {"right": 0, "bottom": 0, "with": "edge"}


def test_a_small_frame_is_padded_by_its_edge_and_says_so():
    image = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
    frame = prepared(as_tiff(image), tiled(4)).frame
    assert frame.pixels[0, :, :, 0].tolist() == [
        [10, 20, 30, 30],
        [40, 50, 60, 60],
        [40, 50, 60, 60],
        [40, 50, 60, 60],
    ]
    assert list(frame.content_box) == [0, 0, 3, 2]
    padding = frame.provenance[-1].parameters["padding"]
    assert padding == {"right": 1, "bottom": 2, "with": "edge"}


def test_every_page_is_kept_at_its_size():
    pages = [np.full((20, 30), value, np.uint8) for value in (1, 2, 3)]
    frame = prepared(as_tiff(*pages), tiled(16)).frame
    assert frame.pixels.shape == (3, 20, 30, 1)
    assert [int(page[0, 0, 0]) for page in frame.pixels] == [1, 2, 3]


def test_frames_for_a_model_of_three_channels_count_against_the_budget():
    page = np.zeros((100, 100), np.uint8)
    base = tiled(16)
    colour = replace(base, input=replace(base.input, channels=3))
    data = as_tiff(page, page)  # 20,000 bytes as stored; a frame may take a third of the budget
    assert prepared(data, base, decoded_bytes=30_000).frame.pixels.nbytes == 20_000
    with pytest.raises(BudgetExceeded, match=r"2 frames of 100 x 100 pixels .* take 60000 bytes"):
        prepared(data, colour, decoded_bytes=30_000)
