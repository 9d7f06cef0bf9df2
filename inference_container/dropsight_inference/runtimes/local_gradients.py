"""Which layer explains one object: the last one that still looks at all of it.

The score of one candidate depends on few places of the last layers (of a YOLO head on one cell) and
on more and more the further back one goes. Too late a layer says "there", too early a one has edges
in place of meaning.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import ExplanationUnavailable
from dropsight_inference.runtimes import Shares

Gradient = npt.NDArray[np.float32]
"""(c, h, w)."""

REACHES = 0.8
"""Share of the box that the extent of a gradient must cover."""
NOTHING = 1e-3
"""Share of the largest gradient below which a place counts as none."""


def last_that_reaches(gradients: Iterable[tuple[str, Gradient]], box: Shares) -> str:
    """The name of the first of `gradients` that covers `box`, or of the one that covers most of it.

    They come from the last layer to the first. Raises ExplanationUnavailable where none is there,
    or all are zero.
    """
    best, most = None, -1.0
    for name, gradient in gradients:
        if not gradient.any():
            continue
        covered = covered_share(gradient, box)
        if covered > most:
            best, most = name, covered
        if covered >= REACHES:
            break
    if best is None:
        raise ExplanationUnavailable(
            "method: found 'grad-cam', but the object's score depends on no layer of this model "
            "that gives maps (batch, channels, height, width) of the picture; legal is 'lime'"
        )
    return best


def covered_share(gradient: Gradient, box: Shares) -> float:
    """Share of the box's area that lies within the rows and columns where the gradient is."""
    strength = np.abs(gradient).max(axis=0)
    there = strength > NOTHING * strength.max()
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    height, width = there.shape
    left, top, right, bottom = box
    across = min(right, (columns[-1] + 1) / width) - max(left, columns[0] / width)
    down = min(bottom, (rows[-1] + 1) / height) - max(top, rows[0] / height)
    area = max((right - left) * (bottom - top), 1e-12)
    return float(max(0.0, across) * max(0.0, down) / area)
