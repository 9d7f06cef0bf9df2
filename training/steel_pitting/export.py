"""Writes the ONNX graph and proves that it says what the network says."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch

from .network import PittingNet
from .served import Served
from .settings import MODEL, Recipe

OPSET = 17
NAMES = ("boxes", "labels", "scores", "masks")
TOLERANCE = {"boxes": 0.02, "labels": 0.0, "scores": 1e-3, "masks": 0.01}
"""Boxes in pixels."""

Image = npt.NDArray[np.float32]


def export(net: PittingNet, path: Path, recipe: Recipe) -> None:
    """`image` (1, 3, height, width) -> `boxes`, `labels`, `scores`, `masks` of that image."""
    served = Served(net).eval().to("cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The tracing exporter is old, and does what we need.
        torch.onnx.export(
            served,
            (torch.randn(1, 3, recipe.height, recipe.width),),
            str(path),
            opset_version=OPSET,
            dynamo=False,
            input_names=["image"],
            output_names=list(NAMES),
            dynamic_axes={name: {0: "n"} for name in NAMES},
        )
    strip(path, recipe)


def strip(path: Path, recipe: Recipe) -> None:
    """Takes out what tells of the machine it was made on, and names the sides of the outputs."""
    model = onnx.load(str(path))
    model.doc_string = ""
    model.graph.doc_string = ""
    model.graph.name = MODEL
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output):
        value.doc_string = ""
    shapes = {
        "boxes": ("n", 4),
        "labels": ("n",),
        "scores": ("n",),
        "masks": ("n", 1, recipe.height, recipe.width),
    }
    for output in model.graph.output:
        dims = [
            {"dim_param": x} if isinstance(x, str) else {"dim_value": x}
            for x in shapes[output.name]
        ]
        del output.type.tensor_type.shape.dim[:]
        for dim in dims:
            output.type.tensor_type.shape.dim.add(**dim)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def open_session(model: Path, threads: int = 2) -> onnxruntime.InferenceSession:
    """On the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        model.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def check(net: PittingNet, path: Path, images: list[Image]) -> dict[str, float]:
    """Raises unless graph and network agree on images (1, 3, h, w); the largest gaps.

    Objects are compared in their order down to the first whose score is no more than a thousandth
    above the next one's: there, rounding may change the order.
    """
    session = open_session(path)
    served = Served(net).eval()
    gaps = dict.fromkeys(NAMES, 0.0)
    for image in images:
        with torch.no_grad():
            wanted = [one.numpy() for one in served(torch.from_numpy(image))]
        found = session.run(list(NAMES), {"image": image})
        scores = wanted[NAMES.index("scores")]
        close = np.flatnonzero(scores[:-1] - scores[1:] <= 1e-3)
        count = int(close[0]) if len(close) else len(scores)
        for name, a, b in zip(NAMES, found, wanted, strict=True):
            if len(a) < count:
                raise ValueError(f"{path.name}: {len(a)} objects, the network finds {len(b)}")
            if count:
                gap = float(np.abs(a[:count].astype(float) - b[:count]).max())
                gaps[name] = max(gaps[name], gap)
    for name, gap in gaps.items():
        if gap > TOLERANCE[name]:
            raise ValueError(
                f"{path.name}: ONNX Runtime and PyTorch differ in {name} by {gap:.2g}, more than "
                f"{TOLERANCE[name]}; do not ship it"
            )
    return gaps
