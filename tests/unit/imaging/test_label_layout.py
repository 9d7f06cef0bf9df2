"""Labels of 40 x 10 pixels in a picture of 100 x 100."""

from __future__ import annotations

import numpy as np
import pytest

from dropsight.imaging.label_layout import place_labels

pytestmark = pytest.mark.unit

SIZE = (40, 10)


def _places(*boxes: tuple[int, int, int, int]) -> list[tuple[int, int] | None]:
    return place_labels([SIZE] * len(boxes), np.array(boxes), 100, 100)


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((20, 50, 40, 60), (20, 40)),  # above
        ((20, 5, 40, 15), (20, 15)),  # no room above: below, not over a small object
        ((90, 50, 100, 60), (60, 40)),  # moved to the left, into the picture
        ((10, 0, 30, 100), (30, 45)),  # as high as the picture: to the right of it
        ((70, 0, 90, 100), (30, 45)),  # no room there: to the left
        ((0, 0, 100, 100), (0, 0)),  # as large as the picture: within
    ],
)
def test_a_label_stands_beside_its_object_and_within_the_picture(
    box: tuple[int, int, int, int], place: tuple[int, int]
) -> None:
    assert _places(box) == [place]


def test_two_labels_never_share_a_place() -> None:
    # The second would cover 30 x 10 of the first one's label: it goes below its box.
    assert _places((20, 50, 40, 60), (30, 50, 50, 60)) == [(20, 40), (30, 60)]


def test_a_label_does_not_hide_another_object() -> None:
    # Above the first is the second: 20 x 10 of its 20 x 10 pixels would be covered.
    first, second = _places((20, 50, 40, 60), (20, 40, 40, 50))

    assert (first, second) == ((20, 60), (20, 30))


def test_in_a_crowd_the_strongest_keep_their_labels_and_the_rest_is_to_be_seen() -> None:
    crowd = [(x, y, x + 8, y + 8) for y in range(20, 100, 10) for x in range(0, 100, 10)]

    places = _places(*crowd)

    assert places[0] == (0, 10)  # the rows above 20 are free
    assert sum(place is not None for place in places) == 2  # room for two of them there


def test_one_object_smaller_than_its_label_in_a_small_picture_keeps_it() -> None:
    assert place_labels([(12, 10)], np.array([(2, 2, 10, 10)]), 12, 12) == [(0, 2)]
