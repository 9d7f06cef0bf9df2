"""The four overlay modes, pixel by pixel where a reader can follow."""

from __future__ import annotations

import numpy as np
import pytest

from dropsight.domain.manifests import PALETTE
from dropsight.domain.results import Finding
from dropsight.domain.rle import encode_mask
from dropsight.domain.wire import replace
from dropsight.imaging.object_overlay import Display, Mode, Selection, draw_objects

pytestmark = pytest.mark.unit

RED, BLUE = (255, 0, 0), (0, 0, 255)
COLORS = {"a": "#ff0000", "b": "#0000ff"}
NAMES = {"a": "A", "b": "B"}
GREY = np.full((200, 300), 100, np.uint8)


def _finding(
    label: str, score: float, left: int, top: int, side: int, masked: bool = True, frame: int = 0
) -> Finding:
    mask = encode_mask(np.ones((side, side), bool), (200, 300), (left, top)) if masked else None
    box = [float(left), float(top), float(side), float(side)]
    return Finding(label=label, probability=score, score=score, box=box, mask=mask, frame=frame)


TWO = [_finding("a", 0.9, 40, 50, 40), _finding("b", 0.2, 200, 120, 40)]


def _draw(mode: Mode, findings: list[Finding] | None = None) -> Display:
    return draw_objects(
        GREY, TWO if findings is None else findings, COLORS, NAMES, Selection(mode=mode)
    )


@pytest.mark.parametrize(
    ("mode", "corner", "inside", "label", "ground"),
    [
        # A veil of 40 % red over grey 100: 0.6 x 100 + 0.4 x 255 = 162, and 0.6 x 100 = 60.
        (0, RED, (162, 60, 60), RED, (100, 100, 100)),
        (1, RED, (100, 100, 100), RED, (100, 100, 100)),
        (2, RED, (162, 60, 60), RED, (100, 100, 100)),  # the corner is the mask's edge
        (3, (115, 0, 0), RED, (0, 0, 0), (0, 0, 0)),  # edges are 0.45 x 255
    ],
)
def test_each_mode_draws_its_parts(
    mode: Mode,
    corner: tuple[int, int, int],
    inside: tuple[int, int, int],
    label: tuple[int, int, int],
    ground: tuple[int, int, int],
) -> None:
    picture = _draw(mode)

    assert picture.shape == (200, 300, 3)
    assert tuple(picture[79, 79]) == corner
    assert tuple(picture[70, 60]) == inside
    assert tuple(picture[48, 40]) == label  # the ground of the text, above the box
    assert tuple(picture[10, 150]) == ground


def test_the_picture_that_was_given_stays_as_it_was() -> None:
    colour = np.full((200, 300, 3), 7, np.uint8)

    draw_objects(colour, TWO, COLORS, NAMES, Selection())

    assert (colour == 7).all()


def test_confidence_labels_and_frame_choose_what_is_drawn() -> None:
    findings = [
        *(replace(one, threshold=0.1) for one in TWO),
        _finding("a", 0.9, 0, 0, 5, frame=1),
        replace(_finding("a", 0.09, 9, 9, 5), threshold=0.1),
    ]

    assert Selection().of(findings) == findings[:2]
    assert Selection(confidence=0.01).of(findings) == [*findings[:2], findings[3]]
    assert Selection(confidence=0.5).of(findings) == findings[:1]
    assert Selection(labels=frozenset({"b"})).of(findings) == findings[1:2]
    assert Selection(frame=1).of(findings) == findings[2:3]
    assert Selection(labels=frozenset()).of(findings) == []


def test_nothing_found_is_the_picture_itself() -> None:
    assert (_draw(0, []) == 100).all()
    assert (_draw(3, []) == 0).all()


def test_without_masks_the_third_mode_is_black_and_the_first_two_agree() -> None:
    plain = [_finding("a", 0.9, 40, 50, 40, masked=False)]

    assert (_draw(3, plain) == 0).all()
    assert np.array_equal(_draw(0, plain), _draw(1, plain))


@pytest.mark.parametrize("at", [(0, 0), (260, 0), (0, 160), (260, 160)])
def test_labels_at_every_corner_stay_whole(at: tuple[int, int]) -> None:
    middle = _draw(2, [_finding("b", 0.9, 120, 100, 40, masked=False)])
    corner = _draw(2, [_finding("b", 0.9, *at, 40, masked=False)])

    painted = [int((picture == BLUE).all(axis=2).sum()) for picture in (middle, corner)]
    assert painted[0] == painted[1] > 100


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (5, 400), (400, 5)])
def test_the_smallest_pictures_are_drawn_on(shape: tuple[int, int]) -> None:
    finding = Finding(label="a", probability=0.9, score=0.9, box=[0.0, 0.0, 1.0, 1.0])

    picture = draw_objects(np.zeros(shape, np.uint8), [finding], COLORS, NAMES, Selection())

    assert picture.shape == (*shape, 3)


def test_labels_of_close_objects_do_not_cover_each_other() -> None:
    beside = [_finding("a", 0.9, 100, 100, 12), _finding("b", 0.8, 118, 104, 12)]
    together = draw_objects(GREY, beside, COLORS, NAMES, Selection(mode=1))
    apart = [draw_objects(GREY, [one], COLORS, NAMES, Selection(mode=1)) for one in beside]

    for color, alone in zip((RED, BLUE), apart, strict=True):
        painted = [int((picture == color).all(axis=2).sum()) for picture in (together, alone)]
        assert painted[0] == painted[1] > 100


def test_the_frame_of_a_small_object_leaves_it_to_be_seen() -> None:
    # A picture of 1120 x 1120 has lines of 4 pixels; a box of 10 gets one of 1.
    ground = np.full((1120, 1120), 100, np.uint8)
    small = Finding(label="a", probability=0.9, score=0.9, box=[500.0, 500.0, 10.0, 10.0])
    picture = draw_objects(ground, [small], COLORS, NAMES, Selection(mode=1))

    assert (picture[501:509, 501:509] == 100).all()
    assert tuple(picture[500, 505]) == RED


def test_lines_grow_with_the_picture() -> None:
    def thickness(side: int) -> int:
        finding = Finding(
            label="a", probability=0.9, score=0.9, box=[side / 2, side / 2, side / 4, side / 4]
        )
        picture = draw_objects(
            np.zeros((side, side), np.uint8), [finding], COLORS, NAMES, Selection(mode=1)
        )
        across = picture[round(side * 0.7), : round(side * 0.6)]
        return int((across == RED).all(axis=1).sum())

    assert [thickness(side) for side in (280, 560, 2800)] == [1, 2, 10]


def test_a_mask_of_another_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a mask of \(200, 300\) for a picture of \(9, 9\)"):
        draw_objects(np.zeros((9, 9), np.uint8), TWO, COLORS, NAMES, Selection())


def test_the_palette_has_no_colour_twice() -> None:
    assert len(set(PALETTE)) == len(PALETTE) == 8


def test_a_crowd_has_boxes_alone_so_that_the_picture_is_still_seen() -> None:
    """60 boxes of 6 x 6 in 300 x 200: labels of some 40 x 14 px would cover half of it."""
    crowd = [
        _finding("a", 0.9, 20 + 28 * (k % 10), 20 + 28 * (k // 10), 6, masked=False)
        for k in range(60)
    ]

    picture = _draw(1, crowd)

    red = (picture == RED).all(axis=2)
    assert red.sum() == 60 * 20  # each a rim of 20 pixels, and nothing else in red
    labelled = (_draw(1, crowd[:12]) == RED).all(axis=2)
    assert labelled.sum() > 12 * 100
    # Mode 2 is made of labels, so there they stay.
    assert (_draw(2, crowd) == RED).all(axis=2).sum() > red.sum()
