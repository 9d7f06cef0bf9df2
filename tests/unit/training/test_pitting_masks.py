"""Masks of boxes pasted into the whole picture, as the exported graph does it."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (requirements/runtimes.txt)")
pytest.importorskip(
    "torchvision", reason="torchvision is not installed (requirements/training.txt)"
)

from training.steel_pitting.served import paste_masks  # noqa: E402

pytestmark = pytest.mark.unit


def test_a_full_mask_fills_its_box_and_nothing_else():
    pasted = paste_masks(torch.ones(1, 1, 4, 4), torch.tensor([[2.0, 3.0, 6.0, 7.0]]), 9, 10)

    expected = torch.zeros(9, 10)
    expected[3:7, 2:6] = 1
    assert pasted.shape == (1, 1, 9, 10)
    assert torch.equal(pasted[0, 0], expected)


def test_between_the_middles_of_mask_pixels_it_is_linear():
    mask = torch.tensor([[1.0, 0.0], [1.0, 0.0]])[None, None]

    pasted = paste_masks(mask, torch.tensor([[0.0, 0.0, 4.0, 4.0]]), 4, 6)

    # Mask pixels are 2 wide with middles at 1 and 3; those of image pixels are 0.5, 1.5, 2.5, 3.5.
    assert pasted[0, 0, 0].tolist() == [1.0, 0.75, 0.25, 0.0, 0.0, 0.0]
    assert torch.equal(pasted[0, 0], pasted[0, 0, :1].expand(4, 6))


def test_a_pixel_belongs_to_a_box_that_holds_its_middle():
    pasted = paste_masks(torch.ones(1, 1, 2, 2), torch.tensor([[0.6, 0.4, 2.6, 2.4]]), 4, 4)

    assert pasted[0, 0].any(dim=0).tolist() == [False, True, True, False]
    assert pasted[0, 0].any(dim=1).tolist() == [True, True, False, False]


def test_rows_and_columns_are_not_mixed_up():
    mask = torch.tensor([[1.0, 0.0], [0.0, 0.0]])[None, None]

    pasted = paste_masks(mask, torch.tensor([[4.0, 0.0, 8.0, 2.0]]), 3, 9)

    assert pasted[0, 0, 0, 4] == 1.0
    assert pasted[0, 0, 0, 7] == 0.0
    assert pasted[0, 0, 1, 4] == 0.0


def test_no_object_has_no_mask():
    assert paste_masks(torch.zeros(0, 1, 28, 28), torch.zeros(0, 4), 5, 6).shape == (0, 1, 5, 6)
