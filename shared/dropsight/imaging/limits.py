"""Size budgets of a decoded image, checked on what the header declares."""

from __future__ import annotations

from dropsight.domain.errors import BudgetExceeded, MalformedFile
from dropsight.settings import Budgets

FRAME_SHARE = 3
"""A frame in the making takes several times its size (JPEG 2000: 32 bits for each sample)."""


def check_bytes(data: bytes, budgets: Budgets) -> None:
    """Raises BudgetExceeded for an upload of more than `budgets.bytes`."""
    if len(data) > budgets.bytes:
        raise BudgetExceeded(
            f"the file has {len(data)} bytes, at most {budgets.bytes} are read; raise "
            "DROPSIGHT_BUDGET_BYTES if such files are meant to be processed"
        )


def check_image(
    width: int,
    height: int,
    frames: int,
    *,
    channels: int,
    bytes_per_sample: int,
    budgets: Budgets,
) -> None:
    """Raises BudgetExceeded for too many pixels, frames or decoded bytes, MalformedFile for none.

    A sample counts as one byte at least: the display image has one byte for each.
    """
    if width < 1 or height < 1:
        raise MalformedFile(f"the image is {width} x {height} pixels, it must have at least one")
    if width * height > budgets.pixels:
        raise BudgetExceeded(
            f"a frame of {width} x {height} pixels is declared, at most {budgets.pixels} pixels "
            "are decoded; raise DROPSIGHT_BUDGET_PIXELS if such images are meant to be processed"
        )
    if frames > budgets.frames:
        raise BudgetExceeded(
            f"{frames} frames are declared, at most {budgets.frames} are decoded; raise "
            "DROPSIGHT_BUDGET_FRAMES if such files are meant to be processed"
        )
    frame = width * height * channels * max(1, bytes_per_sample)
    limit = budgets.decoded_bytes // FRAME_SHARE
    if frame > limit:
        raise BudgetExceeded(
            f"a frame decodes to {frame} bytes, at most {limit} are decoded (a third of "
            "DROPSIGHT_BUDGET_DECODED_BYTES; raise it if such images are meant to be processed)"
        )
    decoded = frame * frames
    if decoded > budgets.decoded_bytes:
        raise BudgetExceeded(
            f"the file decodes to {decoded} bytes, at most {budgets.decoded_bytes} are decoded; "
            "raise DROPSIGHT_BUDGET_DECODED_BYTES if such files are meant to be processed"
        )
