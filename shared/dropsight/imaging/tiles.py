"""Where a frame with `resize: tile` is cut, and which tile answers for which part of it.

See docs/decisions/0013-tiles-and-cores.md.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.domain.manifests import InputSpec

Points = npt.NDArray[np.float64]
"""(n, 2): x and y in pixels of the frame."""


@dataclass(frozen=True)
class Axis:
    """Tiles along one side of a frame.

    starts  the first pixel of each
    seams   between neighbours, where one core ends and the next begins: the middle of what the two
            share
    """

    starts: tuple[int, ...]
    seams: tuple[float, ...]

    @classmethod
    def cut(cls, length: int, tile: int, overlap: int) -> Axis:
        """`length` is `tile` at least. The last tile is moved back so that it ends with the frame.

        600 px in tiles of 256 that share 48 or more: starts 0, 208, 344; seams 232, 404.
        """
        starts = (*range(0, length - tile, tile - overlap), length - tile)
        seams = tuple((a + tile + b) / 2 for a, b in itertools.pairwise(starts))
        return cls(starts, seams)


@dataclass(frozen=True)
class Grid:
    """The tiles of one frame, in rows from top left: number = row * columns + column."""

    across: Axis
    down: Axis
    tile_width: int
    tile_height: int

    def __len__(self) -> int:
        return len(self.across.starts) * len(self.down.starts)

    def start(self, number: int) -> tuple[int, int]:
        """(left, top) of a tile."""
        row, column = divmod(number, len(self.across.starts))
        return self.across.starts[column], self.down.starts[row]

    def owners(self, centres: Points) -> npt.NDArray[np.intp]:
        """(n,): the number of the tile whose core holds each point.

        Cores are a partition of the plane: a core holds its left and upper seam, not its right and
        lower one, and those at the border reach on without end.
        """
        column = np.searchsorted(self.across.seams, centres[:, 0], side="right")
        row = np.searchsorted(self.down.seams, centres[:, 1], side="right")
        return row * len(self.across.starts) + column

    def core(self, number: int) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of a tile's core; infinite at the border of the frame."""
        row, column = divmod(number, len(self.across.starts))
        x = (-np.inf, *self.across.seams, np.inf)
        y = (-np.inf, *self.down.seams, np.inf)
        return x[column], y[row], x[column + 1], y[row + 1]


def grid(width: int, height: int, spec: InputSpec) -> Grid:
    """For a frame of that size, which is no smaller than a tile."""
    return Grid(
        Axis.cut(width, spec.width, spec.tile_overlap),
        Axis.cut(height, spec.height, spec.tile_overlap),
        spec.width,
        spec.height,
    )
