"""Task-aligned assignment, losses and the mirrored graph, on numbers for paper and pencil."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the recipes need torch")

from training.blood_cells.assign import Assignment, assign, pairwise_iou  # noqa: E402
from training.blood_cells.loss import complete_iou, side_loss, unsure  # noqa: E402
from training.blood_cells.network import BINS, Detector, anchors, decode  # noqa: E402
from training.blood_cells.served import Served, mirrored_anchors  # noqa: E402

pytestmark = pytest.mark.unit

CENTRES = torch.tensor([[4.0, 4.0], [12.0, 4.0], [20.0, 4.0]])


Rows = list[list[float]]


def given(
    boxes: Rows, labels: list[int], scores: Rows, predicted: Rows, nearest: int = 2
) -> Assignment:
    found: Assignment = assign(
        torch.tensor([scores]),
        torch.tensor([predicted]),
        CENTRES,
        torch.tensor([boxes]),
        torch.tensor([labels]),
        nearest,
        1.0,
        1.0,
    )
    return found


def test_iou_of_two_boxes_that_share_a_third():
    one, other = torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([[5.0, 0, 15, 10]])
    assert pairwise_iou(one, other).item() == pytest.approx(1 / 3)


def test_the_best_aligned_anchor_is_asked_for_its_iou_and_the_next_for_less():
    # One object over the first two anchors. Alignment = score * IoU: 0.5 * 1 and 0.5 * 0.5.
    found = given(
        boxes=[[0.0, 0, 16, 8]],
        labels=[1],
        scores=[[0.1, 0.5], [0.1, 0.5], [0.1, 0.5]],
        predicted=[[0.0, 0, 16, 8], [0.0, 0, 8, 8], [16.0, 0, 24, 8]],
    )
    # Scaled so that the best has the best IoU, which is 1: 1 and 0.5. The third lies outside.
    torch.testing.assert_close(found.scores, torch.tensor([[[0.0, 1.0], [0.0, 0.5], [0.0, 0.0]]]))
    assert found.chosen.tolist() == [[True, True, False]]


def test_no_more_than_the_nearest_are_taken():
    found = given(
        boxes=[[0.0, 0, 24, 8]],
        labels=[0],
        scores=[[0.5], [0.5], [0.5]],
        predicted=[[0.0, 0, 12, 8], [0.0, 0, 24, 8], [0.0, 0, 6, 8]],
        nearest=1,
    )
    assert found.chosen.tolist() == [[False, True, False]]


def test_an_anchor_wanted_twice_goes_to_the_object_it_fits_better():
    # Two objects that both hold the second anchor; its box is that of the second object.
    found = given(
        boxes=[[0.0, 0, 16, 8], [8.0, 0, 24, 8]],
        labels=[0, 1],
        scores=[[0.5, 0.5]] * 3,
        predicted=[[0.0, 0, 16, 8], [8.0, 0, 24, 8], [8.0, 0, 24, 8]],
    )
    assert found.scores.argmax(-1).tolist() == [[0, 1, 1]]
    assert found.boxes[0, 1].tolist() == [8, 0, 24, 8]


def test_padding_and_regions_of_doubt_are_no_objects():
    boxes = [[0.0, 0, 24, 8], [0.0, 0, 24, 8]]
    predicted = [[0.0, 0, 24, 8]] * 3
    found = given(boxes, [-1_000_000, ~1], [[0.5, 0.5]] * 3, predicted)
    assert not found.chosen.any()


def test_a_region_of_doubt_covers_the_anchors_in_it_for_its_own_label():
    doubt = unsure(CENTRES, torch.tensor([[[0.0, 0, 16, 8]]]), torch.tensor([[~1]]), 2)
    assert doubt.tolist() == [[[False, True], [False, True], [False, False]]]


def test_complete_iou_of_equal_boxes_is_one_and_falls_with_distance():
    box = torch.tensor([[0.0, 0, 10, 10]])
    far = torch.tensor([[20.0, 0, 30, 10]])
    assert complete_iou(box, box).item() == pytest.approx(1)
    # No overlap; centres 20 apart, diagonal of the hull 30 x 10: -(400 / 1000).
    assert complete_iou(box, far).item() == pytest.approx(-0.4)


def test_a_side_between_two_steps_is_asked_of_both():
    # All steps equally likely: the cross-entropy is log(BINS) wherever the side is.
    flat = torch.zeros(1, 4, BINS)
    loss = side_loss(flat, torch.tensor([[0.0, 1.5, 3.25, 99.0]]))
    assert loss.item() == pytest.approx(math.log(BINS))


def test_anchors_are_the_centres_of_their_cells():
    centres, strides = anchors(64, 32)
    assert len(centres) == 8 * 4 + 4 * 2 + 2 * 1
    assert centres[0].tolist() == [4, 4]
    assert centres[9].tolist() == [12, 12]  # the second row begins at 8
    assert centres[-1].tolist() == [48, 16]
    assert strides[-1].item() == 32


def test_a_certain_distance_becomes_that_many_strides():
    sides = torch.full((1, 1, 4, BINS), -50.0)
    for side, steps in enumerate((1, 2, 3, 4)):
        sides[0, 0, side, steps] = 50.0
    box = decode(sides, torch.tensor([[100.0, 100.0]]), torch.tensor([[8.0]]))
    torch.testing.assert_close(box, torch.tensor([[[92.0, 84.0, 124.0, 132.0]]]))


def test_a_mirrored_picture_mirrors_the_answer():
    torch.manual_seed(0)
    served = Served(Detector(), 64, 64, both_ways=True).eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        plain, turned = served(image), served(image.flip(3))[:, :, mirrored_anchors(64, 64)]
    turned[:, 0] = 64 - turned[:, 0]
    torch.testing.assert_close(plain, turned, atol=1e-3, rtol=1e-4)
