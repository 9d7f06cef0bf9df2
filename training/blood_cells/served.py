"""The graph that is served: the net, made symmetric, with boxes and scores as its one output."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from .network import Detector, anchors, distances
from .settings import STRIDES, Recipe

OPSET = 17
PIXELS, SCORES = 0.05, 1e-3
"""How far graph and net may differ, in pixels of a box and in scores."""


def mirrored_anchors(width: int, height: int) -> Tensor:
    """int64 (anchors,): where each anchor lies after the picture is mirrored left to right."""
    parts, begin = [], 0
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        level = torch.arange(begin, begin + rows * columns).reshape(rows, columns)
        parts.append(level.flip(1).reshape(-1))
        begin += rows * columns
    return torch.cat(parts)


class Served(nn.Module):
    """image (N, 3, height, width) becomes boxes (N, 4 + labels, anchors), the layout yolov8.

    Centre x, centre y, width and height in pixels of the input; scores after the sigmoid. With
    `both_ways` the net also looks at the mirror image, and scores and side distances are the means
    of the two views.
    """

    def __init__(self, net: Detector, width: int, height: int, both_ways: bool) -> None:
        super().__init__()
        self.net, self.both_ways = net, both_ways
        centres, strides = anchors(width, height)
        self.register_buffer("centres", centres)
        self.register_buffer("strides", strides)
        self.register_buffer("mirror", mirrored_anchors(width, height))

    def forward(self, image: Tensor) -> Tensor:
        scores, sides = self._look(image)
        if self.both_ways:
            others, other_sides = self._look(image.flip(3))
            scores = (scores + others[:, self.mirror]) / 2
            # Seen in a mirror, the left side is the right one.
            sides = (sides + other_sides[:, self.mirror][..., [2, 1, 0, 3]]) / 2
        sides = sides * self.strides
        left_top, right_bottom = sides[..., :2], sides[..., 2:]
        middle = self.centres + (right_bottom - left_top) / 2
        return torch.cat([middle, left_top + right_bottom, scores], -1).transpose(1, 2)

    def _look(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (N, anchors, labels) and side distances in strides (N, anchors, 4)."""
        logits, sides = self.net(image)
        return logits.sigmoid(), distances(sides)


def export(served: Served, path: Path, recipe: Recipe) -> None:
    """Writes the ONNX graph and proves that it says what the net says, in any batch size."""
    served.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The tracing exporter is old, and does what we need.
        torch.onnx.export(
            served,
            (torch.randn(2, 3, recipe.height, recipe.width),),
            str(path),
            opset_version=OPSET,
            dynamo=False,
            input_names=["image"],
            output_names=["boxes"],
            dynamic_axes={"image": {0: "N"}, "boxes": {0: "N"}},
        )
    _strip(path)
    _check(served, path, recipe)


def _strip(path: Path) -> None:
    """Takes out all that tells of the machine it was made on: doc strings and module paths."""
    model = onnx.load(str(path))
    model.doc_string = ""
    model.graph.doc_string = ""
    model.graph.name = "blood-cells"
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _check(served: Served, path: Path, recipe: Recipe) -> None:
    random = np.random.default_rng(0)
    shape = (4, 3, recipe.height, recipe.width)
    images = random.standard_normal(shape, dtype=np.float32)
    with torch.no_grad():
        wanted = served(torch.from_numpy(images)).numpy()
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    together = session.run(["boxes"], {"image": images})[0]
    alone = [session.run(["boxes"], {"image": images[i : i + 1]})[0] for i in range(len(images))]
    for pair, other in (("net and graph", wanted), ("batches of 4 and 1", np.concatenate(alone))):
        gap = np.abs(together - other)
        if gap[:, :4].max() > PIXELS or gap[:, 4:].max() > SCORES:
            raise ValueError(
                f"{path.name}: {pair} differ by {gap[:, :4].max():.2g} pixels and "
                f"{gap[:, 4:].max():.2g} in scores; do not ship it"
            )
