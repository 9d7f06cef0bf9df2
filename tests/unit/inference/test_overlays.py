"""Heatmaps land where they belong on the source, and pictures hold everything that they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dropsight.imaging.legend import PAPER, Caption
from dropsight.imaging.overlays import opacity, render_explanation
from dropsight.imaging.png import decode_png, encode_png

pytestmark = pytest.mark.unit

CAPTION = Caption("Pneumonia", 0.934, "lime", {"r2": 0.74, "deletion": 0.31, "insertion": 0.82})
CORNERS = np.array([[1.0, 0.0], [0.0, 0.5]], np.float32)


def _heatmap(
    display: np.ndarray[Any, Any], heatmap: np.ndarray[Any, Any], box: tuple[float, ...]
) -> np.ndarray[Any, Any]:
    x, y, width, height = box
    return decode_png(render_explanation(display, heatmap, (x, y, width, height), CAPTION).heatmap)


def test_a_stretched_heatmap_meets_the_corners_of_the_source() -> None:
    found = _heatmap(np.zeros((30, 50), np.uint8), CORNERS, (0, 0, 2, 2))

    assert found.dtype == np.uint16
    assert found.shape == (30, 50)
    assert [found[0, 0], found[0, -1], found[-1, 0], found[-1, -1]] == [65535, 0, 0, 32768]
    # Half-way between the two upper centres (source columns 24.5) lies half of 1 and 0.
    assert (int(found[0, 24]) + int(found[0, 25])) / 2 == pytest.approx(65535 / 2, abs=1)


def test_a_heatmap_as_large_as_the_source_is_stored_as_it_is() -> None:
    heatmap = np.array([[0, 1, 2], [3, 4, 5]], np.float32)

    drawn = render_explanation(np.zeros((2, 3), np.uint8), heatmap, (0, 0, 3, 2), CAPTION)

    assert decode_png(drawn.heatmap).tolist() == [[0, 13107, 26214], [39321, 52428, 65535]]
    assert drawn.maximum == 5.0


def test_the_padding_of_a_letterbox_is_left_out() -> None:
    # A source of 8 x 4 in a frame of 4 x 4: rows 1 and 2 hold it, rows 0 and 3 are padding.
    heatmap = np.array([[9, 9, 9, 9], [4, 0, 0, 0], [0, 0, 0, 2], [9, 9, 9, 9]], np.float32)

    found = _heatmap(np.zeros((4, 8), np.uint8), heatmap, (0, 1, 4, 2))

    # Source rows lie at 0.75 (so the content's first row, 1), 1.25, 1.75 and 2.25 (so 2).
    assert [round(int(value) / 65535 * 9, 3) for value in found[:, 0]] == [4, 3, 1, 0]
    assert [round(int(value) / 65535 * 9, 3) for value in found[:, -1]] == [0, 0.5, 1.5, 2]


def test_what_a_crop_cut_off_has_no_importance() -> None:
    # A source of 8 x 4 cropped to its middle: the frame of 4 x 4 saw columns 2 to 5 alone.
    found = _heatmap(np.zeros((4, 8), np.uint8), np.ones((4, 4), np.float32), (-2, 0, 8, 4))

    assert (found > 0).tolist() == [[False] * 2 + [True] * 4 + [False] * 2] * 4


def test_no_importance_at_all_is_black_and_leaves_the_image_as_it_is() -> None:
    display = np.random.default_rng(0).integers(0, 256, (40, 60), np.uint8)

    drawn = render_explanation(display, np.zeros((4, 4), np.float32), (0, 0, 4, 4), CAPTION)

    assert decode_png(drawn.heatmap).max() == 0
    assert drawn.maximum == 0.0
    overlay = decode_png(drawn.overlay)[:40, :60]
    np.testing.assert_array_equal(overlay, np.repeat(display[..., None], 3, axis=2))


def test_colour_covers_more_where_importance_is_higher_and_never_hides_the_image() -> None:
    shares = opacity(np.linspace(0, 1, 101, dtype=np.float32))

    assert shares[0] == 0
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] == 0.5


@pytest.mark.parametrize(
    "shape",
    [(10, 10), (96, 128), (128, 96, 3), (60, 1200), (1200, 60), (700, 500, 3), (2000, 2400)],
)
def test_the_canvas_keeps_the_source_in_its_corner_and_all_text_inside(
    shape: tuple[int, ...],
) -> None:
    display = np.full(shape, 200, np.uint8)
    long = Caption(
        "A label with a very long name and Donaudampfschifffahrtsgesellschaftskapitaensmuetze",
        1.0,
        "grad-cam",
        {"deletion": 0.0, "insertion": 1.0},
    )

    drawn = render_explanation(display, CORNERS, (0, 0, 2, 2), long)

    overlay = decode_png(drawn.overlay)
    height, width = shape[:2]
    assert decode_png(drawn.heatmap).shape == (height, width)
    assert overlay.shape[0] > height
    assert overlay.shape[1] > width
    # The upper right corner has importance 0: the image, unscaled and untouched.
    assert overlay[0, width - 1].tolist() == [200, 200, 200]
    for edge in (overlay[height:, -1], overlay[:, -1], overlay[-1], overlay[height:, 0]):
        assert (edge == PAPER).all(axis=-1).all()  # no letter touches an outer edge
    written = (overlay[height:] != PAPER).any(axis=-1)
    assert written.any()


def test_a_png_keeps_depth_channels_and_order() -> None:
    random = np.random.default_rng(0)
    for picture in (
        random.integers(0, 256, (5, 7), np.uint8),
        random.integers(0, 65536, (5, 7), np.uint16),
        random.integers(0, 256, (5, 7, 3), np.uint8),
    ):
        np.testing.assert_array_equal(decode_png(encode_png(picture)), picture)
