"""Where the labels of many objects go, so that they hide neither objects nor each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Corners = npt.NDArray[np.int64]
"""(n, 4): left, top, right, bottom in pixels; right and bottom are the first ones outside."""

OTHERS_HIDDEN = 0.15
"""Share of another object's box that a label may cover."""
OWN_HIDDEN = 0.25
"""Share of its own box that a label covers only where there is no better place."""


def place_labels(
    sizes: Sequence[tuple[int, int]], boxes: Corners, width: int, height: int
) -> list[tuple[int, int] | None]:
    """Left top corner of each label, or None where it is left out.

    `sizes` are (width, height) of the labels in pixels, in the order of their right of way, `boxes`
    the objects that they belong to, `width` and `height` those of the picture. A label stands above
    its box, or below, beside or within it: the first of these places that lies in the picture,
    touches no label that has a place already and leaves the other objects to be seen. In a crowd
    not every label finds one; its box and colour still tell what it is.
    """
    areas = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1)
    placed = np.empty((0, 4), np.int64)
    found: list[tuple[int, int] | None] = []
    for at, (across, rise) in enumerate(sizes):
        places = np.array(list(_places(boxes[at].tolist(), across, rise, width, height)))
        labels: Corners = np.hstack([places, places + np.array([across, rise])])
        hidden = _shared(labels, boxes) / areas
        own = hidden[:, at].copy()
        hidden[:, at] = 0.0
        able = ~_shared(labels, placed).any(axis=1) & (hidden <= OTHERS_HIDDEN).all(axis=1)
        best = np.flatnonzero(able & (own <= OWN_HIDDEN))
        best = best if best.size else np.flatnonzero(able)
        if not best.size:
            found.append(None)
            continue
        placed = np.vstack([placed, labels[best[0]]])
        found.append((int(places[best[0], 0]), int(places[best[0], 1])))
    return found


def _places(
    box: Sequence[int], across: int, rise: int, width: int, height: int
) -> Iterator[tuple[int, int]]:
    """Within the picture, the best first; above and below are moved sideways to fit."""
    left, top, right, bottom = box
    low = max(0, height - rise)
    starts = [min(max(x, 0), max(0, width - across)) for x in (left, right - across)]
    for y in (top - rise, bottom):
        if 0 <= y <= low:
            yield from ((x, y) for x in dict.fromkeys(starts))
    middle = min(max((top + bottom - rise) // 2, 0), low)
    for x in (right, left - across):
        if 0 <= x <= width - across:
            yield x, middle
    yield from ((starts[0], min(max(y, 0), low)) for y in (top, bottom - rise))


def _shared(labels: Corners, boxes: Corners) -> npt.NDArray[np.int64]:
    """(labels, boxes): pixels that each two of them have in common."""
    first, second = labels[:, None], boxes[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(
        first[..., :2], second[..., :2]
    )
    shared: npt.NDArray[np.int64] = np.maximum(sides, 0).prod(axis=2)
    return shared
