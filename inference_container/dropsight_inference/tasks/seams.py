"""Boxes of all tiles of a frame, each object once. See docs/decisions/0013-tiles-and-cores.md."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropsight.domain.frames import Frame
from dropsight.domain.suppression import intersection_over_union
from dropsight.imaging.resize import Boxes
from dropsight.imaging.tiles import Grid

Scores = npt.NDArray[np.float64]

SAME = 0.5
"""Boxes of two tiles with this IoU and one label, on a seam, are one object."""


class Joined:
    """The candidates of one frame.

    A tile keeps what has its centre in the tile's core. On a seam two tiles may place one object a
    fraction of a pixel apart, each in its own core or each in the other's; there the stronger of
    the two is kept.
    """

    def __init__(self, tiles: Grid) -> None:
        self._tiles = tiles
        self._boxes: list[Boxes] = []
        self._scores: list[Scores] = []
        self._numbers: list[npt.NDArray[np.intp]] = []

    def add(self, number: int, boxes: Boxes, scores: Scores) -> None:
        """What tile `number` gave: boxes (n, 4) in its pixels, scores (n, labels).

        Kept are those whose centre is in the core, and those on its edge.
        """
        moved = boxes + np.array([*self._tiles.start(number), 0.0, 0.0])
        owned = self._tiles.owners(_centres(moved)) == number
        wanted = owned | self._on_edge(number, moved)
        self._boxes.append(moved[wanted])
        self._scores.append(scores[wanted])
        self._numbers.append(np.full(int(wanted.sum()), number, np.intp))

    def objects(self, frame: Frame) -> tuple[Boxes, Scores]:
        """Boxes in frame pixels and scores, without those whose centre is in padding."""
        boxes, scores = np.concatenate(self._boxes), np.concatenate(self._scores)
        numbers = np.concatenate(self._numbers)
        inside = _in_content(boxes, frame)
        boxes, scores, numbers = boxes[inside], scores[inside], numbers[inside]
        owners = self._tiles.owners(_centres(boxes))
        kept = owners == numbers
        edge = np.zeros(len(boxes), np.bool_)
        for number in np.unique(numbers):
            mine = numbers == number
            edge[mine] = self._on_edge(int(number), boxes[mine])
        disputed = np.flatnonzero(edge)
        kept[disputed] = _settled(
            boxes[disputed], scores[disputed], numbers[disputed], owners[disputed]
        )
        return boxes[kept], scores[kept]

    def _on_edge(self, number: int, boxes: Boxes) -> npt.NDArray[np.bool_]:
        """Boxes that reach into the core and out of it."""
        left, top, right, bottom = self._tiles.core(number)
        x, y = boxes[:, 0], boxes[:, 1]
        end_x, end_y = x + boxes[:, 2], y + boxes[:, 3]
        reach_in = (x < right) & (end_x > left) & (y < bottom) & (end_y > top)
        within = (x >= left) & (end_x <= right) & (y >= top) & (end_y <= bottom)
        return np.asarray(reach_in & ~within)


def _settled(
    boxes: Boxes,
    scores: Scores,
    numbers: npt.NDArray[np.intp],
    owners: npt.NDArray[np.intp],
) -> npt.NDArray[np.bool_]:
    """Which of the candidates on edges are kept: (n,).

    In falling order of the score, first those in their tile's own core. One is dropped where
    another tile's is kept already that is the same object. One outside its own core is kept only
    if the tile that owns its place sees the same object, and outside its core too.
    """
    owned = numbers == owners
    best, labels = scores.max(axis=1, initial=0.0), scores.argmax(axis=1)
    kept = np.zeros(len(boxes), np.bool_)
    by_left = np.argsort(boxes[:, 0], kind="stable")
    lefts = boxes[by_left, 0]
    for at in np.lexsort((-best, ~owned)):
        left, width = boxes[at, 0], boxes[at, 2]
        # At an IoU of 1/2 or more, left edges are no further apart than this box is wide.
        ends = np.searchsorted(lefts, (left - width, left + width), side="right")
        near = by_left[max(0, ends[0] - 1) : ends[1]]
        same = near[intersection_over_union(boxes[at], boxes[near]) >= SAME]
        same = same[(labels[same] == labels[at]) & (numbers[same] != numbers[at])]
        disowned_too = same[(numbers[same] == owners[at]) & ~owned[same]]
        kept[at] = not kept[same].any() and bool(owned[at] or disowned_too.size)
    return kept


def _centres(boxes: Boxes) -> Boxes:
    return boxes[:, :2] + boxes[:, 2:] / 2


def _in_content(boxes: Boxes, frame: Frame) -> npt.NDArray[np.bool_]:
    """Whether the centre is left of the padding and above it; a frame without any has no bounds."""
    height, width = frame.pixels.shape[1:3]
    sides = np.array([frame.source_width, frame.source_height], np.float64)
    padded = np.array([width, height]) > sides
    return np.asarray(((_centres(boxes) <= sides) | ~padded).all(axis=1))
