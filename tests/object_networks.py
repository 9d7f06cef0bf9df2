"""Detectors whose scores follow from known parts of the picture, to be explained on paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.toy_objects import Constants

SIDE = 96

Region = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the input."""


def region_detector(boxes: Sequence[Region], regions: Sequence[Region]) -> bytes:
    """ONNX bytes, yolov8 layout, labels red and white: one anchor for each of `boxes`.

    The score of anchor i for `white` is the mean intensity of `regions[i]` in the picture, that for
    `red` is 0. Input `images`, (batch, 1, SIDE, SIDE) in [0, 1].
    """
    weights = np.zeros((SIDE * SIDE, len(boxes)), np.float32)
    for column, (left, top, right, bottom) in enumerate(regions):
        picture = np.zeros((SIDE, SIDE), np.float32)
        picture[top:bottom, left:right] = 1.0 / ((right - left) * (bottom - top))
        weights[:, column] = picture.ravel()
    corners = np.array(boxes, np.float32)
    sides = corners[:, 2:] - corners[:, :2]
    fixed = np.hstack([corners[:, :2] + sides / 2, sides, np.zeros((len(boxes), 1), np.float32)])
    constants: Constants = {
        "weights": weights,
        "flat": np.array([0, SIDE * SIDE], np.int64),
        "fixed": fixed.T[None],
        "inner": np.array(fixed.T.shape, np.int64),
        "axis": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Reshape", ["images", "flat"], ["pixels"]),
        helper.make_node("MatMul", ["pixels", "weights"], ["means"]),
        helper.make_node("Unsqueeze", ["means", "axis"], ["white"]),
        helper.make_node("Shape", ["images"], ["rows"], start=0, end=1),
        helper.make_node("Concat", ["rows", "inner"], ["shape"], axis=0),
        helper.make_node("Expand", ["fixed", "shape"], ["rest"]),
        helper.make_node("Concat", ["rest", "white"], ["output0"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "regions",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", 6, len(boxes)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
