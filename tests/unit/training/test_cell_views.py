"""Pixels and boxes of a training view stay together."""

import numpy as np
import pytest

from training.blood_cells.augment import Window, flipped, mosaic, paste, placed, platelet_patches
from training.blood_cells.data import Sample
from training.blood_cells.geometry import around, cut, dihedral, warp_boxes, warp_pixels
from training.blood_cells.settings import PLATELETS, RBC, WBC

pytestmark = pytest.mark.unit


def one_white_box() -> Sample:
    """A white rectangle from (8, 6) to (20, 12) on black, 48 x 36."""
    pixels = np.zeros((36, 48, 3), np.uint8)
    pixels[6:12, 8:20] = 255
    return Sample(pixels, np.array([[8, 6, 20, 12]], np.float32), np.array([WBC]))


def extent(pixels: np.ndarray) -> list[int]:
    """Left, top, right, bottom of what is bright."""
    bright = pixels[..., 0] > 127
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def test_a_quarter_turn_takes_the_right_of_the_picture_to_its_bottom():
    # (x, y) = (1, 0) becomes (0, 1): y grows downwards.
    assert dihedral(1, False) @ (1, 0) == pytest.approx((0, 1))


def test_a_mirrored_box_keeps_its_distance_to_the_other_side():
    affine = around(dihedral(0, True), (24, 18), (24, 18))
    # In 48 columns, 8 to 20 from the left becomes 8 to 20 from the right.
    assert warp_boxes(one_white_box().boxes, affine).tolist() == [[28, 6, 40, 12]]


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_pixels_go_where_their_box_goes(turns: int, mirrored: bool):
    sample = one_white_box()
    across, down = (36, 48) if turns % 2 else (48, 36)
    affine = around(2 * dihedral(turns, mirrored), (24, 18), (across, down))

    pixels = warp_pixels(sample.pixels, affine, 2 * across, 2 * down)

    assert extent(pixels) == warp_boxes(sample.boxes, affine)[0].tolist()


def test_an_object_of_which_little_is_left_is_only_a_region_of_doubt():
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [20, 0, 30, 10]], np.float32)
    labels = np.array([RBC, WBC, RBC])

    # The window begins at x = 7: 3/10, 5/10 and all of the three are inside.
    left, kinds = cut(boxes, labels, (7, 0, 24, 10), least=0.4)

    assert left.tolist() == [[7, 0, 10, 10], [7, 0, 12, 10], [20, 0, 24, 10]]
    assert kinds.tolist() == [~RBC, WBC, RBC]


def test_what_is_outside_is_gone():
    boxes, labels = cut(
        np.array([[0, 0, 5, 5]], np.float32), np.array([RBC]), (6, 0, 9, 9), least=0.4
    )
    assert len(boxes) == len(labels) == 0


@pytest.mark.parametrize("seed", range(8))
def test_a_view_shows_its_objects_in_their_boxes(seed: int):
    random = np.random.default_rng(seed)
    view = placed(one_white_box(), Window(0, 0, 48, 36), random, least=0)
    for box in view.boxes:
        assert extent(view.pixels) == pytest.approx(box.tolist(), abs=1.0)


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_view_has_the_same_pixels_in_another_order(seed: int):
    sample = one_white_box()
    view = flipped(sample, np.random.default_rng(seed))
    assert view.pixels.sum() == sample.pixels.sum()
    assert extent(view.pixels) == view.boxes[0].tolist()


def test_the_four_parts_of_a_mosaic_stay_apart():
    view = mosaic([one_white_box()] * 4, 48, 36, np.random.default_rng(5))
    assert view.pixels.shape == (36, 48, 3)
    for left, top, right, bottom in view.boxes.round().astype(int).tolist():
        assert view.pixels[top:bottom, left:right].mean() > 160


def test_a_pasted_platelet_is_where_its_box_says_and_hides_nothing():
    ground = np.full((100, 120, 3), 200, np.uint8)
    ground[40:60, 50:70] = 90
    source = Sample(ground, np.array([[50, 40, 70, 60]], np.float32), np.array([PLATELETS]))
    (patch,) = platelet_patches([source])
    assert patch.shape == (28, 28, 3)  # 20 and a fifth of it on each side
    target = Sample(
        np.full((100, 120, 3), 180, np.uint8),
        np.array([[0, 0, 60, 100]], np.float32),
        np.array([WBC]),
    )

    view = paste(target, patch, np.random.default_rng(1))

    assert view.labels.tolist() == [WBC, PLATELETS]
    left, top, right, bottom = view.boxes[1].round().astype(int).tolist()
    assert left >= 60
    middle = view.pixels[(top + bottom) // 2, (left + right) // 2]
    # 90 on 200, moved to a ground of 180: 70.
    assert middle.tolist() == pytest.approx([70, 70, 70], abs=2)
    untouched = np.ones((100, 120), bool)
    untouched[max(0, top - 8) : bottom + 8, left - 8 : right + 8] = False
    assert (view.pixels[untouched] == 180).all()


def test_nothing_is_pasted_where_there_is_no_room():
    full = Sample(
        np.full((60, 60, 3), 180, np.uint8),
        np.array([[0, 0, 60, 60]], np.float32),
        np.array([WBC]),
    )
    patch = np.zeros((20, 20, 3), np.uint8)
    assert paste(full, patch, np.random.default_rng(0)) is full
