"""Masks as COCO's compressed run-length encoding, the same text as pycocotools writes.

`{"size": [height, width], "counts": text}`: pixels column by column from the top left, as lengths
of runs, the first of zeros. From the fourth on each length is stored as the difference to the one
two before it; each number in groups of 5 bits, lowest first, bit 6 set where more follow, plus 48.
Source: cocoapi, common/maskApi.c, rleToString.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import MessageInvalid

Mask = npt.NDArray[np.bool_]
"""(height, width)"""


def encode_mask(mask: Mask, size: tuple[int, int], left_top: tuple[int, int]) -> dict[str, Any]:
    """`mask` is a part, at `left_top` (x, y), of a picture of `size` (height, width), else 0.

    Its cost is that of the part, not of the picture. Raises ValueError for one that reaches out.
    """
    height, width = size
    left, top = left_top
    rows, columns = mask.shape
    if left < 0 or top < 0 or left + columns > width or top + rows > height:
        raise ValueError(f"a mask of {mask.shape} at {left_top} reaches out of {size}")
    # A zero before and after each column: every run then starts and ends within its column.
    padded = np.zeros((columns, rows + 2), np.bool_)
    padded[:, 1:-1] = mask.T
    flat = padded.ravel()
    column, row = np.divmod(np.flatnonzero(flat[1:] != flat[:-1]), rows + 2)
    bounds = (left + column) * height + top + row
    if len(bounds):
        # A run that ends with its column goes on where the next column starts with one.
        keep = np.ones(len(bounds), np.bool_)
        keep[1:-1] = np.repeat(bounds[2::2] != bounds[1:-1:2], 2)
        bounds = bounds[keep]
    edges = np.concatenate([[0], bounds, [height * width]])
    counts = np.diff(edges).tolist()
    if counts[-1] == 0 and len(counts) > 1:
        counts.pop()
    return {"size": [height, width], "counts": _to_text(counts)}


def decode_mask(encoded: dict[str, Any]) -> Mask:
    """bool (height, width). Raises MessageInvalid where the runs do not fill it exactly."""
    height, width = encoded["size"]
    counts = _from_text(encoded["counts"])
    if min(counts, default=0) < 0 or sum(counts) != height * width:
        raise MessageInvalid(
            f"mask.counts: runs of {sum(counts)} pixels, expected {height} x {width}"
        )
    values = np.arange(len(counts)) % 2 == 1
    flat: Mask = np.repeat(values, counts)
    return flat.reshape(width, height).T


def mask_area(encoded: dict[str, Any]) -> int:
    """Pixels that are set."""
    return sum(_from_text(encoded["counts"])[1::2])


def _to_text(counts: list[int]) -> str:
    characters = bytearray()
    for index, count in enumerate(counts):
        number = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            group = number & 0x1F
            number >>= 5
            more = number != (-1 if group & 0x10 else 0)
            characters.append((group | (0x20 if more else 0)) + 48)
    return characters.decode("ascii")


def _from_text(text: str) -> list[int]:
    counts: list[int] = []
    number, shift = 0, 0
    for character in text.encode("ascii", "replace"):
        group = character - 48
        if not 0 <= group < 64:
            raise MessageInvalid(f"mask.counts: found {chr(character)!r}, legal are '0' to 'o'")
        number |= (group & 0x1F) << shift
        shift += 5
        if group & 0x20:
            continue
        if group & 0x10:
            number -= 1 << shift
        counts.append(number + counts[-2] if len(counts) > 2 else number)
        number, shift = 0, 0
    if shift:
        raise MessageInvalid("mask.counts: ends within a number")
    return counts
