"""Bundles for detection and segmentation whose networks give the same known objects every time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

Constants = dict[str, npt.NDArray[Any]]

LABELS = ("red", "white")


def head_network(table: npt.NDArray[np.float32], side: int, batch: int | str = "batch") -> bytes:
    """ONNX bytes: `output0` is `table` for each row of `images`, (batch, 1, side, side)."""
    nodes = [
        helper.make_node("Shape", ["images"], ["rows"], start=0, end=1),
        helper.make_node("Concat", ["rows", "inner"], ["shape"], axis=0),
        helper.make_node("Expand", ["table", "shape"], ["output0"]),
    ]
    constants: Constants = {"table": table[None], "inner": np.array(table.shape, np.int64)}
    return _network(
        nodes,
        constants,
        [("images", TensorProto.FLOAT, [batch, 1, side, side])],
        [("output0", TensorProto.FLOAT, [batch, *table.shape])],
    )


def bright_pixel_network(side: int, outward: float = 0.0, sides: float = 4.0) -> bytes:
    """ONNX bytes: of every pixel of `images` a candidate `red`, whose score is the pixel's value.

    `outward` moves each candidate away from the middle of the input by that share of its distance,
    so that two tiles place one object differently.
    """
    y, x = np.mgrid[0:side, 0:side] + 0.5
    away = 1.0 + outward
    boxes = np.stack(
        [
            (x.ravel() - side / 2) * away + side / 2,
            (y.ravel() - side / 2) * away + side / 2,
            np.full(side * side, sides),
            np.full(side * side, sides),
        ]
    ).astype(np.float32)[None]
    nodes = [
        helper.make_node("Shape", ["images"], ["rows"], start=0, end=1),
        helper.make_node("Concat", ["rows", "inner"], ["shape"], axis=0),
        helper.make_node("Expand", ["boxes", "shape"], ["places"]),
        helper.make_node("Reshape", ["images", "flat"], ["red"]),
        helper.make_node("Sub", ["red", "red"], ["white"]),
        helper.make_node("Concat", ["places", "red", "white"], ["output0"], axis=1),
    ]
    constants: Constants = {
        "boxes": boxes,
        "inner": np.array([4, side * side], np.int64),
        "flat": np.array([0, 1, side * side], np.int64),
    }
    return _network(
        nodes,
        constants,
        [("images", TensorProto.FLOAT, ["batch", 1, side, side])],
        [("output0", TensorProto.FLOAT, ["batch", 6, side * side])],
    )


def instance_network(
    boxes: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    masks: npt.NDArray[np.float32],
    batch: bool = True,
) -> bytes:
    """ONNX bytes in the manner of torchvision's Mask R-CNN; `masks` is (n, 1, side, side)."""
    side = masks.shape[-1]
    constants: Constants = {"boxes": boxes, "labels": labels, "scores": scores, "masks": masks}
    nodes = [helper.make_node("Identity", [f"{name}_"], [name]) for name in constants]
    image = ["rows", 1, side, side] if batch else [1, side, side]
    return _network(
        nodes,
        {f"{name}_": value for name, value in constants.items()},
        [("image", TensorProto.FLOAT, image)],
        [
            ("boxes", TensorProto.FLOAT, ["n", 4]),
            ("labels", TensorProto.INT64, ["n"]),
            ("scores", TensorProto.FLOAT, ["n"]),
            ("masks", TensorProto.FLOAT, ["n", 1, side, side]),
        ],
    )


def write_objects_bundle(
    folder: Path, network: bytes, side: int, task: str, changes: Mapping[str, Any] | None = None
) -> Path:
    """Write `folder/model.yaml` and `model.onnx`; `changes` replaces fields of model.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(network)
    outputs = {
        "detection": {"boxes": {"name": "output0", "layout": "yolov8"}},
        "segmentation": {"instances": {}},
    }
    manifest: dict[str, Any] = {
        "name": folder.name,
        "version": "1",
        "task": task,
        "runtime": "onnx",
        "artifact": {"path": "model.onnx", "sha256": hashlib.sha256(network).hexdigest()},
        "outputs": outputs[task],
        "input": {"width": side, "height": side, "channels": 1, "resize": "letterbox"},
        "labels": [{"id": label, "threshold": 0.5} for label in LABELS],
        "licence": "Apache-2.0",
        "intendedUse": "Tests.",
    }
    if task == "segmentation":
        manifest["input"]["maximumBatch"] = 1
    manifest.update(changes or {})
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest))
    return folder


def _network(
    nodes: list[onnx.NodeProto],
    constants: Constants,
    inputs: list[tuple[str, int, list[Any]]],
    outputs: list[tuple[str, int, list[Any]]],
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(*one) for one in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
