"""A network of a few milliseconds, as a bundle: what the server adds shows beside it."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml
from onnx import TensorProto, helper, numpy_helper

SIDE = 224
LABELS = ("a", "b", "c")
WIDTHS = (1, 32, 64, 128, 128)


def write_small_bundle(folder: Path) -> Path:
    """Four strided convolutions, class activation maps of 14 x 14, their mean as logits."""
    random = np.random.default_rng(0)
    nodes, weights, last = [], [], "input"
    for number, (inputs, outputs) in enumerate(itertools.pairwise(WIDTHS)):
        scale = np.sqrt(2 / (9 * inputs))
        kernel = random.normal(0, scale, (outputs, inputs, 3, 3)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"kernel{number}"))
        nodes.append(
            helper.make_node(
                "Conv", [last, f"kernel{number}"], [f"c{number}"], strides=[2, 2], pads=[1] * 4
            )
        )
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"]))
        last = f"r{number}"
    head = random.normal(0, 1, (len(LABELS), WIDTHS[-1], 1, 1)).astype(np.float32)
    weights.append(numpy_helper.from_array(head, "head"))
    nodes.append(helper.make_node("Conv", [last, "head"], ["activations"]))
    nodes.append(helper.make_node("GlobalAveragePool", ["activations"], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["logits"]))
    count = len(LABELS)
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 1, SIDE, SIDE])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", count]),
            helper.make_tensor_value_info(
                "activations", TensorProto.FLOAT, ["batch", count, 14, 14]
            ),
        ],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    content = model.SerializeToString()
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    manifest = {
        "name": folder.name,
        "version": "1",
        "task": "classification",
        "multiLabel": True,
        "runtime": "onnx",
        "artifact": {"path": "model.onnx", "sha256": hashlib.sha256(content).hexdigest()},
        "outputs": {"logits": "logits", "activations": "activations"},
        "input": {"width": SIDE, "height": SIDE, "channels": 1, "mean": [0.5], "std": [0.25]},
        "labels": [{"id": label} for label in LABELS],
        "licence": "Apache-2.0",
        "intendedUse": "Benchmarks.",
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest))
    return folder


def film() -> npt.NDArray[np.uint8]:
    """uint8 (224, 224): soft shapes with grain, as SLIC meets them in a radiograph."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    shapes = 110 + 60 * np.sin(5 * x + 1) * np.cos(4 * y) + random.normal(0, 5, (SIDE, SIDE))
    pixels: npt.NDArray[np.uint8] = np.clip(shapes, 0, 255).astype(np.uint8)
    return pixels
