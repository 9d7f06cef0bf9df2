"""Tiles through the real engine: a bright pixel is found once, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.frames import Frame
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.toy_objects import bright_pixel_network, write_objects_bundle

pytestmark = pytest.mark.unit

TILE = 16
OVERLAP = 8
WIDTH, HEIGHT = 40, 27
"""Tiles begin at 0, 8, 16, 24 across and 0, 8, 11 down; seams are at 12, 20, 28 and 12, 17.5."""
MakeFinder = Callable[..., Engine]


@pytest.fixture
def make_finder(tmp_path: Path) -> Iterator[MakeFinder]:
    made: list[Engine] = []

    def make(outward: float = 0.0, batch_size: int = 4, **changes: Any) -> Engine:
        spec = {"width": TILE, "height": TILE, "channels": 1, "resize": "tile", "overlap": OVERLAP}
        folder = write_objects_bundle(
            tmp_path / f"toy{len(made)}",
            bright_pixel_network(TILE, outward),
            TILE,
            "detection",
            {"name": "toy", "input": spec, **changes},
        )
        made.append(Engine({"toy": load_model(folder, 1)}, batch_size, 5.0, Metrics()))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def framed(pixels: npt.NDArray[np.uint8], width: int = WIDTH, height: int = HEIGHT) -> Frame:
    return Frame(pixels[..., np.newaxis], width, height, (0, 0, width, height))


def centres(engine: Engine, frame: Frame) -> list[tuple[float, float, int]]:
    findings = engine.predict("toy", frame).findings
    found = []
    for one in findings:
        assert one.box is not None
        x, y, width, height = one.box
        found.append((x + width / 2, y + height / 2, one.frame))
    return sorted(found)


def test_a_bright_pixel_anywhere_is_found_once_at_its_place(make_finder: MakeFinder) -> None:
    """A page for each of the 1,080 places, so every seam and every corner of seams is among them.

    The boxes of 4 x 4 are cut off at the border: centres are compared where they are whole.
    """
    engine = make_finder(batch_size=64)
    for row in range(HEIGHT):
        pages = np.zeros((WIDTH, HEIGHT, WIDTH), np.uint8)
        pages[np.arange(WIDTH), row, np.arange(WIDTH)] = 255
        findings = engine.predict("toy", framed(pages)).findings
        assert [one.frame for one in findings] == list(range(WIDTH))
        for one in findings:
            assert one.box is not None
            left, top = max(0.0, one.frame - 1.5), max(0.0, row - 1.5)
            right, bottom = min(WIDTH, one.frame + 2.5), min(HEIGHT, row + 2.5)
            assert one.box == [left, top, right - left, bottom - top]


@pytest.mark.parametrize("outward", [-0.15, 0.15])
def test_tiles_that_place_an_object_apart_neither_lose_nor_double_it(
    make_finder: MakeFinder, outward: float
) -> None:
    """The middle of pixel 11 is 3.5 px right of the middle of the tile that begins at 0, and 4.5 px
    left of that of the tile that begins at 8. With 0.15 they put it at 12.025 and 10.825: each
    beyond the seam at 12, in the other's core. With -0.15 at 10.975 and 12.175: each in its own.
    """
    engine = make_finder(outward, batch_size=64)
    pages = np.zeros((WIDTH, HEIGHT, WIDTH), np.uint8)
    pages[np.arange(WIDTH), 8, np.arange(WIDTH)] = 255
    found = {page: x for x, _, page in centres(engine, framed(pages))}
    assert len(centres(engine, framed(pages))) == WIDTH
    assert sorted(found) == list(range(WIDTH))
    assert found[11] == pytest.approx(12.025 if outward > 0 else 10.975, abs=1e-3)


def test_two_objects_on_one_seam_stay_two(make_finder: MakeFinder) -> None:
    engine = make_finder()
    pages = np.zeros((1, HEIGHT, WIDTH), np.uint8)
    pages[0, 10, 10] = 255  # boxes of 4 px, 3 apart: IoU 1 / 7
    pages[0, 10, 13] = 250
    assert centres(engine, framed(pages)) == [(10.5, 10.5, 0), (13.5, 10.5, 0)]


def test_pages_have_findings_of_their_own(make_finder: MakeFinder) -> None:
    pages = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    pages[0, 12, 12] = pages[2, 17, 20] = pages[2, 5, 35] = 255
    found = centres(make_finder(batch_size=2), framed(pages))
    assert found == [(12.5, 12.5, 0), (20.5, 17.5, 2), (35.5, 5.5, 2)]


def test_no_batch_is_larger_than_the_model_takes(make_finder: MakeFinder) -> None:
    spec = {"width": TILE, "height": TILE, "channels": 1, "resize": "tile", "overlap": OVERLAP}
    engine = make_finder(batch_size=8, input={**spec, "maximumBatch": 3})
    sizes: list[int] = []
    runtime = engine.models["toy"].runtime
    forward = runtime.forward

    def noted(batch: Any) -> Any:
        sizes.append(len(batch))
        return forward(batch)

    runtime.forward = noted  # type: ignore[method-assign]
    engine.predict("toy", framed(np.zeros((1, HEIGHT, WIDTH), np.uint8)))
    assert sum(sizes) == 12
    assert max(sizes) == 3


def test_what_lies_in_the_padding_is_no_finding(make_finder: MakeFinder) -> None:
    pixels = np.zeros((1, TILE, TILE), np.uint8)
    pixels[0, :, 5:] = 255  # a column of light on the edge of a source of 6 px, repeated to 16
    frame = framed(pixels, width=6, height=TILE)
    assert {x for x, _, _ in centres(make_finder(), frame)} == {4.75}  # 5.5 - 2 to 6


def test_a_frame_smaller_than_a_tile_that_was_not_padded_is_refused(
    make_finder: MakeFinder,
) -> None:
    frame = framed(np.zeros((1, 10, 10), np.uint8), 10, 10)
    with pytest.raises(InferenceFailed, match="prepared for another model"):
        make_finder().predict("toy", frame)
