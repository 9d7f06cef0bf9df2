"""A model bundle small enough to be made by each test run: two convolutions and a mean."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LABELS = ("pneumonia", "bacterial", "viral")
SIZE, CELLS = 64, 8
NAME = "cxr-tiny"


def write_bundle(models: Path, name: str = NAME) -> Path:
    """`models/<name>/` with model.yaml and model.onnx; returns the folder."""
    folder = models / name
    folder.mkdir(parents=True)
    data = _network().SerializeToString()
    (folder / "model.onnx").write_bytes(data)
    (folder / "MODEL_CARD.md").write_text("# A model for tests\n\nIt knows nothing.\n")
    (folder / "model.yaml").write_text(_manifest(name, hashlib.sha256(data).hexdigest()))
    return folder


def _network() -> onnx.ModelProto:
    """float32 (batch, 1, 64, 64) to logits (batch, 3) and activations (batch, 3, 8, 8)."""
    random = np.random.default_rng(3)
    weights: dict[str, Any] = {
        "w1": random.standard_normal((4, 1, 8, 8)).astype(np.float32) / 8,
        "w2": random.standard_normal((3, 4, 1, 1)).astype(np.float32),
        "axes": np.array([2, 3], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["image", "w1"], ["hidden"], strides=[8, 8]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Conv", ["active", "w2"], ["activations"]),
        helper.make_node("ReduceMean", ["activations", "axes"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(LABELS)]),
            helper.make_tensor_value_info(
                "activations", TensorProto.FLOAT, ["n", len(LABELS), CELLS, CELLS]
            ),
        ],
        [numpy_helper.from_array(value, key) for key, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _manifest(name: str, sha256: str) -> str:
    labels = "\n".join(
        f"  - {{id: {label}, name: {{en: {label.capitalize()}}}, threshold: 0.5}}"
        for label in LABELS
    )
    return f"""\
schemaVersion: 1
name: {name}
version: "1"
task: classification
multiLabel: true
runtime: onnx
artifact: {{path: model.onnx, sha256: {sha256}}}
outputs: {{logits: logits, activations: activations}}
input: {{width: {SIZE}, height: {SIZE}, channels: 1, mean: [0.5], std: [0.25]}}
accepts: {{modality: [DX, CR], minimumSize: [32, 32]}}
labels:
{labels}
explanations:
  - {{method: grad-cam, labels: top}}
  - {{method: lime, labels: top, parameters: {{samples: 257}}}}
licence: Apache-2.0
intendedUse: Tests only.
"""
