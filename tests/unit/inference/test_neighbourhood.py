"""What is hidden to explain an object, in a picture of 200 x 100 pixels."""

from __future__ import annotations

import numpy as np
import pytest

from dropsight.domain.frames import Frame
from dropsight.domain.results import Finding
from dropsight_inference.explainers.neighbourhood import neighbourhood

pytestmark = pytest.mark.unit

PLAIN = Frame(np.zeros((1, 100, 200, 1), np.uint8), 200, 100, (0.0, 0.0, 200.0, 100.0))


@pytest.mark.parametrize(
    ("box", "area"),
    [
        ([90.0, 40.0, 20.0, 20.0], (30, 70, 80, 120)),  # twice as wide and as high
        ([0.0, 0.0, 20.0, 20.0], (0, 30, 0, 30)),  # cut off at the edges
        ([98.0, 48.0, 4.0, 4.0], (34, 66, 84, 116)),  # never less than 32 each way
        ([0.0, 96.0, 4.0, 4.0], (68, 100, 0, 32)),  # and then moved inside, not cut off
        ([10.0, 10.0, 180.0, 80.0], (0, 100, 0, 200)),  # the whole picture
    ],
)
def test_it_is_centred_on_the_object_and_within_the_picture(
    box: list[float], area: tuple[int, int, int, int]
) -> None:
    rows, columns = neighbourhood(Finding(label="a", probability=1.0, box=box), PLAIN)

    assert (rows.start, rows.stop, columns.start, columns.stop) == area


def test_the_padding_of_a_letterbox_is_no_part_of_it() -> None:
    # 400 x 100 source pixels in 200 x 50 of the input, below 25 rows of padding.
    frame = Frame(PLAIN.pixels, 400, 100, (0.0, 25.0, 200.0, 50.0))
    found = Finding(label="a", probability=1.0, box=[180.0, 0.0, 40.0, 40.0])

    rows, columns = neighbourhood(found, frame)

    # The box is 20 x 20 at (90, 25) of the input.
    assert (rows.start, rows.stop, columns.start, columns.stop) == (25, 55, 80, 120)
