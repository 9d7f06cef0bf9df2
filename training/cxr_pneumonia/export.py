"""Writes the ONNX graph and proves that it says what the net says."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch

from training.cxr_pneumonia.evaluate import open_session
from training.cxr_pneumonia.network import Ensemble

OPSET = 17
TOLERANCE = 1e-4


def export(net: Ensemble, path: Path, size: int) -> None:
    """`image` (N, 1, size, size) -> `logits` (N, 3), `activations` (N, 3, size/16, size/16)."""
    net.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The tracing exporter is old, and does what we need.
        torch.onnx.export(
            net,
            (torch.randn(2, 1, size, size),),
            str(path),
            opset_version=OPSET,
            dynamo=False,
            input_names=["image"],
            output_names=["logits", "activations"],
            dynamic_axes={name: {0: "N"} for name in ("image", "logits", "activations")},
        )
    strip(path)
    check(net, path, size)


def strip(path: Path) -> None:
    """Takes out all that tells of the machine it was made on: doc strings and module paths."""
    model = onnx.load(str(path))
    model.doc_string = ""
    model.graph.doc_string = ""
    model.graph.name = "cxr-pneumonia"
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output):
        value.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def check(net: Ensemble, path: Path, size: int) -> None:
    """Raises unless graph and net agree, for batches of 1 and 8, and maps add up to logits."""
    random = np.random.default_rng(0)
    images = random.standard_normal((8, 1, size, size), dtype=np.float32)
    with torch.no_grad():
        wanted = [output.numpy() for output in net(torch.from_numpy(images))]
    session = open_session(path)
    together = session.run(["logits", "activations"], {"image": images})
    alone = [session.run(["logits", "activations"], {"image": images[i : i + 1]}) for i in range(8)]
    gaps = {
        "ONNX Runtime and PyTorch": max(
            float(np.abs(a - b).max()) for a, b in zip(together, wanted, strict=True)
        ),
        "a batch of 8 and 8 of 1": max(
            float(np.abs(together[k] - np.concatenate([one[k] for one in alone])).max())
            for k in range(2)
        ),
        "mean(activations) + bias and logits": float(
            np.abs(together[1].mean((2, 3)) + net.bias.numpy() - together[0]).max()
        ),
    }
    for pair, gap in gaps.items():
        if gap > TOLERANCE:
            raise ValueError(
                f"{path.name}: {pair} differ by {gap:.2g}, "
                f"more than {TOLERANCE:.0e}; do not ship it"
            )
