"""A bundle whose network can be worked out on paper.

activations[n, label] = mean over pool x pool of (input[n] * weights[label])
logits[n, label]      = sum over all positions of activations[n, label] + bias[label]
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

LABELS = ("one", "two", "three")


def toy_network(
    weights: npt.NDArray[np.float32], channels: int, layout: str, pool: int, bias: Sequence[float]
) -> bytes:
    """ONNX bytes; `weights` is float32 (labels, height, width)."""
    count, height, width = weights.shape
    sides = [height, width]
    shape = ["batch", channels, *sides] if layout == "NCHW" else ["batch", *sides, channels]
    axis = 1 if layout == "NCHW" else 3
    nodes = [helper.make_node("ReduceMean", ["input", "axis"], ["mean"], keepdims=1)]
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["mean"], ["grey"], perm=[0, 3, 1, 2]))
    else:
        nodes.append(helper.make_node("Identity", ["mean"], ["grey"]))
    nodes += [
        helper.make_node("Mul", ["grey", "weights"], ["weighted"]),
        helper.make_node(
            "AveragePool",
            ["weighted"],
            ["activations"],
            kernel_shape=[pool, pool],
            strides=[pool, pool],
        ),
        helper.make_node("ReduceSum", ["activations", "positions"], ["sums"], keepdims=0),
        helper.make_node("Add", ["sums", "bias"], ["logits"]),
    ]
    pooled = [height // pool, width // pool]
    constants: dict[str, npt.NDArray[Any]] = {
        "axis": np.array([axis], np.int64),
        "positions": np.array([2, 3], np.int64),
        "weights": weights[None].astype(np.float32),
        "bias": np.array(bias, np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", count]),
            helper.make_tensor_value_info(
                "activations", TensorProto.FLOAT, ["batch", count, *pooled]
            ),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def write_toy_bundle(
    folder: Path,
    weights: npt.NDArray[np.float32],
    *,
    channels: int = 1,
    layout: str = "NCHW",
    pool: int = 1,
    bias: Sequence[float] | None = None,
    network: bytes | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Write `folder/model.yaml` and `model.onnx`; `changes` replaces fields of model.yaml.

    `network` takes the place of the toy network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count, height, width = weights.shape
    content = network or toy_network(weights, channels, layout, pool, bias or [0.0] * count)
    (folder / "model.onnx").write_bytes(content)
    manifest: dict[str, Any] = {
        "name": folder.name,
        "version": "1",
        "task": "classification",
        "multiLabel": True,
        "runtime": "onnx",
        "artifact": {"path": "model.onnx", "sha256": hashlib.sha256(content).hexdigest()},
        "outputs": {"logits": "logits", "activations": "activations"},
        "input": {
            "width": width,
            "height": height,
            "channels": channels,
            "layout": layout,
            "resize": "stretch",
        },
        "labels": [{"id": label, "name": {"en": label.title()}} for label in LABELS[:count]],
        "explanations": [
            {"method": "grad-cam", "labels": "positive"},
            {"method": "lime", "labels": "positive", "parameters": {"samples": 65, "segments": 8}},
        ],
        "licence": "Apache-2.0",
        "intendedUse": "Tests.",
    }
    manifest.update(changes or {})
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest))
    return folder
