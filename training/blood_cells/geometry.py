"""Where pixels and boxes go when a picture is turned, mirrored and scaled.

Coordinates are those of pixel edges: pixel i covers [i, i + 1]. Boxes are float32 (n, 4): left,
top, right, bottom.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Affine = npt.NDArray[np.float64]
"""(2, 3): (x, y) becomes affine @ (x, y, 1)."""


def dihedral(turns: int, mirrored: bool) -> npt.NDArray[np.float64]:
    """(2, 2): mirrored left to right first, then `turns` quarter turns clockwise on the screen."""
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    mirror = np.diag([-1.0 if mirrored else 1.0, 1.0])
    turned: npt.NDArray[np.float64] = np.linalg.matrix_power(quarter, turns % 4) @ mirror
    return turned


def around(
    linear: npt.NDArray[np.float64], source: tuple[float, float], target: tuple[float, float]
) -> Affine:
    """The affine map with this linear part that takes the point `source` to `target`."""
    shift = np.asarray(target, np.float64) - linear @ np.asarray(source, np.float64)
    return np.hstack([linear, shift[:, None]])


def warp_pixels(pixels: Pixels, affine: Affine, width: int, height: int) -> Pixels:
    """uint8 (height, width, 3); black where the source has nothing, as in a letterbox."""
    # OpenCV counts pixel centres: index i is the coordinate i + 0.5.
    by_index = affine.copy()
    by_index[:, 2] += affine[:, :2] @ (0.5, 0.5) - 0.5
    warped: Any = cv2.warpAffine(pixels, by_index, (width, height), flags=cv2.INTER_LINEAR)
    out: Pixels = warped
    return out


def warp_boxes(boxes: Floats, affine: Affine) -> Floats:
    """The smallest upright boxes around the four corners of each."""
    corners = boxes[:, [[0, 1], [2, 1], [0, 3], [2, 3]]]  # (n, 4 corners, 2)
    moved = corners @ affine[:, :2].T + affine[:, 2]
    return np.hstack([moved.min(axis=1), moved.max(axis=1)]).astype(np.float32)


def areas(boxes: Floats) -> Floats:
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    product: Floats = sides[:, 0] * sides[:, 1]
    return product


def cut(
    boxes: Floats, labels: Labels, window: tuple[float, float, float, float], least: float
) -> tuple[Floats, Labels]:
    """What is left of the boxes inside `window` (left, top, right, bottom).

    An object of which less than the share `least` is left is no longer told from what the
    annotators left out at the border: its label k becomes ~k (see `Sample.labels`).
    """
    low, high = np.array(window[:2] * 2, np.float32), np.array(window[2:] * 2, np.float32)
    inside = np.clip(boxes, low, high)
    share = areas(inside) / np.maximum(areas(boxes), 1e-6)
    seen = share > 0
    weakened = np.where((labels >= 0) & (share < least), ~labels, labels)
    return inside[seen], weakened[seen]
