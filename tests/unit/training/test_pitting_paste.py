"""Where pits go and how bright they are when they are copied from picture to picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.steel_pitting.augment import random_view, view_matrix, warped
from training.steel_pitting.data import Mask, Picture, hold_out, sampling_weights
from training.steel_pitting.paste import Patch, cut, paste, simulated, turned
from training.steel_pitting.settings import Recipe

pytestmark = pytest.mark.unit


def _pit(left: int = 20, top: int = 10, side: int = 7) -> Mask:
    mask = np.zeros((40, 60), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def _picture(group: str = "T1-a") -> Picture:
    pixels = np.full((40, 60, 3), 100, np.uint8)
    pixels[_pit()] = 50
    return Picture(group, group, b"", pixels, [_pit()])


def test_a_pit_is_kept_in_proportion_to_the_steel_around():
    patch = cut(_picture().pixels, _pit())

    assert patch.mask.shape == (7 + 2 * 6, 7 + 2 * 6)
    np.testing.assert_allclose(patch.ratio[patch.mask], 0.5)
    np.testing.assert_allclose(patch.ratio[~patch.mask], 1.0)


def test_on_brighter_steel_it_is_as_much_darker():
    ground = np.full((40, 60, 3), 200, np.uint8)

    mask = paste(ground, cut(_picture().pixels, _pit()), left=30, top=5)

    # The patch has a margin of 6, so the pit begins at (36, 11).
    assert np.array_equal(mask, _pit(36, 11))
    assert (ground[13:16, 38:41] == 100).all()  # 200 x 0.5
    assert (ground[:, :30] == 200).all()
    assert (ground[5, 30:49] == 200).all()


def test_at_the_edge_of_the_picture_the_margin_is_cut():
    patch = cut(_picture().pixels, _pit(0, 0))

    assert patch.mask.shape == (13, 13)
    assert patch.mask[:7, :7].all()


def test_a_patch_may_not_leave_the_picture():
    patch = cut(_picture().pixels, _pit())

    with pytest.raises(ValueError, match=r"leaves \(40, 60\)"):
        paste(np.zeros((40, 60, 3), np.uint8), patch, left=50, top=5)


def test_a_quarter_turn_is_a_quarter_turn():
    mask = np.zeros((5, 9), bool)
    mask[1, 2:7] = mask[1:4, 2] = True
    ratio = np.where(mask[..., None], 0.5, 1.0).repeat(3, axis=2).astype(np.float32)

    patch = turned(Patch(ratio, mask), 90.0, 1.0, mirror=False)

    assert np.array_equal(patch.mask, np.rot90(mask))
    np.testing.assert_allclose(patch.ratio, np.rot90(ratio), atol=1e-4)


def test_mirrored_and_doubled():
    mask = np.zeros((6, 8), bool)
    mask[2:4, 1:3] = True
    ratio = np.ones((6, 8, 3), np.float32)

    patch = turned(Patch(ratio, mask), 0.0, 2.0, mirror=True)

    # 2 x 2 pixels from column 5 on, twice as large.
    assert patch.mask.shape == (12, 16)
    assert patch.mask[4:8, 10:14].all()
    assert patch.mask.sum() == 16


def test_drawn_pits_are_darker_than_the_steel_and_lie_within_their_patch():
    random = np.random.default_rng(3)
    for _ in range(20):
        patch = simulated(random)
        assert patch.mask.any()
        assert not patch.mask[[0, -1]].any()
        assert not patch.mask[:, [0, -1]].any()
        assert patch.ratio[patch.mask].mean() < 0.9
        assert (patch.ratio[~patch.mask] == 1.0).all()


def test_the_centre_of_a_view_is_where_it_was_asked_for():
    matrix = view_matrix((10.0, 20.0), 2.0, 0.0, (False, False), 8)

    # (10, 20) is the corner between pixels 9 and 10, 19 and 20; in the view, between 3 and 4.
    np.testing.assert_allclose(matrix @ [9.5, 19.5, 1.0], [3.5, 3.5])
    np.testing.assert_allclose(matrix @ [10.5, 19.5, 1.0], [5.5, 3.5])


def test_a_mirrored_view_runs_the_other_way():
    matrix = view_matrix((10.0, 20.0), 2.0, 0.0, (True, False), 8)

    np.testing.assert_allclose(matrix @ [10.5, 20.5, 1.0], [1.5, 5.5])


def test_a_view_at_the_served_scale_is_what_serving_makes_of_the_picture():
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    matrix = view_matrix((8.0, 8.0), 2.0, 0.0, (False, False), 32)

    view = cv2.warpAffine(picture, matrix, (32, 32), flags=cv2.INTER_LINEAR)
    served = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_LINEAR)

    # All but the outermost pixels, which the view mixes with the black around.
    inner = (slice(1, -1), slice(1, -1))
    assert np.abs(view[inner].astype(int) - served[inner]).max() <= 2


def test_masks_go_where_the_pixels_go():
    matrix = view_matrix((23.5, 13.5), 2.0, 0.0, (False, False), 32)

    mask = warped(_pit(), matrix, (32, 32))

    # 7 x 7 pixels around (23.5, 13.5), twice as large, in the middle of the view.
    assert mask[9:23, 9:23].all()
    assert mask.sum() == 14 * 14


def test_views_repeat_for_the_same_seed_and_name_only_what_can_be_seen():
    recipe = Recipe(crop=64, width=60, height=40)
    picture = _picture()

    views = [
        random_view(picture, [picture], recipe, np.random.default_rng(seed)) for seed in (1, 1, 2)
    ]

    assert np.array_equal(views[0].pixels, views[1].pixels)
    assert not np.array_equal(views[0].pixels, views[2].pixels)
    assert all(mask.shape == (64, 64) and mask.sum() >= 8 for v in views for mask in v.masks)


def test_a_group_is_held_out_as_a_whole_and_of_both_kinds():
    pictures = [_picture(group) for group in ("T1-a", "T1-b", "T1-c", "T2-d", "T2-d", "T2-e")]

    rest, dev = hold_out(pictures, folds=3, seed=0)

    assert {one.group for one in rest}.isdisjoint(one.group for one in dev)
    assert {one.kind for one in dev} == {"T1", "T2"}
    assert len(rest) + len(dev) == 6


def test_a_group_of_four_is_drawn_twice_as_often_as_one_alone():
    pictures = [_picture(group) for group in ("T2-a",) * 4 + ("T1-b",)]

    weights = sampling_weights(pictures)

    assert weights[:4].sum() == pytest.approx(2 * weights[4])
    assert weights.sum() == pytest.approx(1.0)
