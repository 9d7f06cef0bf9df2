"""Writes the ONNX graph and proves that it says what the net says."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from .network import Candidates, SpotNet
from .settings import NAME, TILE
from .simulate import Conditions, simulate

OPSET = 17
TOLERANCE = 2e-3
"""Of positions and sizes in px, and of scores."""
SCORE = 0.1
"""Candidates below it are peaks of almost nothing, and which they are hangs on the last bit."""


def export(net: SpotNet, path: Path) -> None:
    """`image` (N, 1, TILE, TILE), float32 in 0..65535 -> `candidates` (N, 5, TILE² / 4)."""
    reader = Candidates(net, TILE, TILE).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The tracing exporter is old, and does what we need.
        torch.onnx.export(
            reader,
            (torch.rand(2, 1, TILE, TILE) * 65535,),
            str(path),
            opset_version=OPSET,
            dynamo=False,
            input_names=["image"],
            output_names=["candidates"],
            dynamic_axes={"image": {0: "N"}, "candidates": {0: "N"}},
        )
    _strip(path)
    _check(reader, path)


def _strip(path: Path) -> None:
    """Takes out all that tells of the machine it was made on: doc strings and module paths."""
    model = onnx.load(str(path))
    model.doc_string = ""
    model.graph.doc_string = ""
    model.graph.name = NAME
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _check(reader: Candidates, path: Path) -> None:
    """On three simulated frames, in batches of one and of three."""
    random = np.random.default_rng(0)
    frames = [simulate(TILE, TILE, Conditions(), random).pixels for _ in range(3)]
    batch = np.stack(frames)[:, None].astype(np.float32)
    with torch.no_grad():
        expected = reader(torch.from_numpy(batch)).numpy()
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    for rows in (1, 3):
        (found,) = session.run(["candidates"], {"image": batch[:rows]})
        # A pixel that is as high as its neighbour may be a peak on one side and not on the other.
        differ = np.abs(found - expected[:rows]).max(axis=1) > TOLERANCE
        differ &= np.maximum(found, expected[:rows])[:, 4] > SCORE
        if differ.mean() > 1e-4:
            raise ValueError(f"{path}: {differ.sum()} candidates differ from those of the net")
