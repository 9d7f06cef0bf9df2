"""COCO run-length encoding; the long strings were written by pycocotools."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.rle import decode_mask, encode_mask, mask_area

pytestmark = pytest.mark.unit

Y, X = np.mgrid[:100, :150]
STEPS = np.zeros((4, 3), bool)
STEPS[:, 0], STEPS[:2, 1], STEPS[3, 2] = True, True, True
ROWS, COLUMNS = np.mgrid[:9, :8]
STRIP = np.zeros((300, 700), bool)
STRIP[250:290, 600:690] = True


@pytest.mark.parametrize(
    ("mask", "counts"),
    [
        (np.zeros((3, 2), bool), "6"),
        (np.ones((3, 2), bool), "06"),
        (STEPS, "065K"),  # 0, 6, 5, 1: the last one as 1 - 6 = -5
        (
            (X - 70) ** 2 + (Y - 50) ** 2 < 30**2,
            "_Q4?b26J6L2M4M2M4M2N2N2N2O0O2N2O0O2N2O000O2O000O2O0000000000000000000000000001N10001"
            "N10001N2N101N2N101N2N2N2N3L3N3L3N4J6JPk4",
        ),
        ((COLUMNS * 7 + ROWS * 13) % 11 < 4, "0240O010O010O010O010O010O01"),
        (STRIP, "jP`5X1T8" + "0" * 177 + "ne2"),
    ],
    ids=["empty", "full", "steps", "disc", "stripes", "strip"],
)
def test_the_text_is_that_of_pycocotools(mask: npt.NDArray[np.bool_], counts: str) -> None:
    height, width = mask.shape

    encoded = encode_mask(mask, (height, width), (0, 0))

    assert encoded == {"size": [height, width], "counts": counts}
    assert np.array_equal(decode_mask(encoded), mask)
    assert mask_area(encoded) == mask.sum()


def test_a_part_is_encoded_as_the_whole_would_be() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        part = random.random((4, 3)) < 0.6
        whole = np.zeros((6, 5), bool)
        whole[2:6, 1:4] = part

        assert encode_mask(part, (6, 5), (1, 2)) == encode_mask(whole, (6, 5), (0, 0))


def test_an_empty_part_is_an_empty_mask() -> None:
    assert mask_area(encode_mask(np.zeros((0, 3), bool), (6, 5), (1, 2))) == 0


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ("5", "runs of 5 pixels, expected 2 x 3"),
        ("~", "legal are '0' to 'o'"),
        ("P", "ends within"),
    ],
)
def test_runs_that_make_no_mask_are_refused(counts: str, sentence: str) -> None:
    with pytest.raises(MessageInvalid, match=sentence):
        decode_mask({"size": [2, 3], "counts": counts})
