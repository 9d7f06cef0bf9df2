"""Tiles, and explanations of one object, by heads that suppress in the graph or have masks."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest, load_manifest
from dropsight.domain.results import Finding
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from dropsight_inference.tasks import OBJECT_TASKS
from tests.requirements_check import require
from tests.toy_objects import LABELS, head_network, instance_network, write_objects_bundle

pytestmark = pytest.mark.unit

TILE = 16
ONE = np.array([[6, 6, 10, 10, 0.75, 1], *([[0] * 6] * 6)], np.float32)
FRAME = Frame(np.zeros((1, 27, 40, 1), np.uint8), 40, 27, (0, 0, 40, 27))


def _instances() -> bytes:
    masks = np.zeros((1, 1, TILE, TILE), np.float32)
    boxes, scores = ONE[:1, :4], ONE[:1, 4]
    return instance_network(boxes, np.array([2], np.int64), scores, masks)


@pytest.mark.parametrize(
    ("network", "outputs", "more"),
    [
        (head_network(ONE, TILE), {"boxes": {"name": "output0", "layout": "end2end"}}, {}),
        (_instances(), {"instances": {}}, {"maximumBatch": 1}),
    ],
    ids=["end2end", "instances"],
)
def test_the_one_object_of_each_tile_is_found_at_its_place_in_the_frame(
    tmp_path: Path, network: bytes, outputs: dict[str, Any], more: dict[str, int]
) -> None:
    """Tiles begin at 0, 8, 16, 24 across and 0, 8, 11 down; each has an object in its middle."""
    spec = {"width": TILE, "height": TILE, "channels": 1, "resize": "tile", "overlap": 8, **more}
    folder = write_objects_bundle(
        tmp_path / "toy", network, TILE, "detection", {"outputs": outputs, "input": spec}
    )
    engine = Engine({"toy": load_model(folder, 1)}, 4, 5.0, Metrics())

    findings = engine.predict("toy", FRAME).findings
    engine.close()

    assert {(one.label, one.score) for one in findings} == {("white", 0.75)}
    assert sorted(tuple(one.box or ()) for one in findings) == [
        (left + 6, top + 6, 4, 4) for left in (0, 8, 16, 24) for top in (0, 8, 11)
    ]


Tensors = dict[str, npt.NDArray[Any]]
V6 = np.array([[8, 8, 4, 4, 0.0, 0.3, 0.3], [8, 8, 4, 4, 0.5, 0.25, 0.75]], np.float32)
V8 = np.array([[8, 8, 4, 4, 0.0, 0.0], [8, 8, 4, 4, 0.125, 0.375]], np.float32)
MASKED = np.hstack([V8, [[1, 2], [3, 4]]]).astype(np.float32)
UNUSED_FIRST = np.array([[0, 0, 0, 0, 0, -1], [6, 6, 10, 10, 0.375, 1]], np.float32)
PROTOTYPES = np.zeros((2, 4, 4), np.float32)


@pytest.mark.parametrize(
    ("task", "outputs", "row"),
    [
        ("detection", {"boxes": {"name": "o", "layout": "yolov6"}}, {"boxes": V6}),
        ("detection", {"boxes": {"name": "o", "layout": "yolov8"}}, {"boxes": V8.T}),
        ("detection", {"boxes": {"name": "o", "layout": "end2end"}}, {"boxes": UNUSED_FIRST}),
        (
            "segmentation",
            {"boxes": {"name": "o", "layout": "yolov8", "prototypes": "p"}},
            {"boxes": MASKED.T, "prototypes": PROTOTYPES},
        ),
        (
            "detection",
            {"instances": {}},
            {
                "boxes": np.array([[0, 0, 1, 1], [6, 6, 10, 10]], np.float32),
                "labels": np.array([1, 2]),
                "scores": np.array([0.0, 0.375], np.float32),
            },
        ),
    ],
    ids=["yolov6", "yolov8", "end2end", "prototypes", "instances"],
)
def test_the_score_to_differentiate_is_that_of_the_candidate_at_its_position(
    tmp_path: Path, task: str, outputs: dict[str, Any], row: Tensors
) -> None:
    manifest = _manifest(tmp_path, task, outputs)
    frame = Frame(np.zeros((1, TILE, TILE, 1), np.uint8), TILE, TILE, (0, 0, TILE, TILE))

    boxes, scores = OBJECT_TASKS[task].candidates(row, manifest, frame)

    assert scores[1, 1] == pytest.approx(0.375)
    assert boxes[1].tolist() == [6, 6, 4, 4]
    batch = {field: tensor[None] for field, tensor in row.items()}
    assert OBJECT_TASKS[task].score_of(batch, 1, 1, manifest) == pytest.approx(0.375)


def _manifest(folder: Path, task: str, outputs: dict[str, Any]) -> Manifest:
    return load_manifest(
        write_objects_bundle(folder / "toy", b"", TILE, task, {"outputs": outputs})
    )


def _torch_end2end(folder: Path, *, rounded: bool) -> Path:
    """Cells of 2 x 2 pixels in 8 x 8; the 7 brightest are objects, the score is the mean."""
    import torch

    from tests.torch_bundle import program_of, write_torch_bundle

    class Brightest(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cells = torch.nn.AvgPool2d(2)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            scores = self.cells(image).flatten(1)
            scores, at = (scores.round() if rounded else scores).topk(7)
            left, top = (at % 4) * 2.0, (at // 4) * 2.0
            white = torch.ones_like(scores)
            return torch.stack([left, top, left + 2, top + 2, scores, white], dim=2)

    return write_torch_bundle(
        folder,
        program_of(Brightest(), torch.zeros(2, 1, 8, 8)),
        task="detection",
        outputs={"boxes": {"name": "output0", "layout": "end2end"}},
        labels=[{"id": label} for label in LABELS],
        explanations=[],
        input={"width": 8, "height": 8, "channels": 1},
    )


def _grad_cam(folder: Path) -> npt.NDArray[np.float32]:
    pixels = np.zeros((1, 8, 8, 1), np.uint8)
    pixels[0, 2:4, 2:4] = 255
    frame = Frame(pixels, 8, 8, (0.0, 0.0, 8.0, 8.0))
    engine = Engine({"toy": load_model(folder, 1)}, 4, 5.0, Metrics())
    try:
        found = Finding(label="white", probability=1.0, score=1.0, box=[2.0, 2.0, 2.0, 2.0])
        return engine.explain_object("toy", frame, "grad-cam", found, {}).heatmap
    finally:
        engine.close()


def test_grad_cam_goes_through_a_choice_of_the_best(tmp_path: Path) -> None:
    require(importlib.util.find_spec("torch"), "torch is not installed")

    heatmap = _grad_cam(_torch_end2end(tmp_path / "toy", rounded=False))

    assert heatmap[2:4, 2:4].max() == heatmap.max() > 0.0
    assert heatmap[5:].max() == heatmap[:, 5:].max() == 0.0


def test_a_score_without_a_gradient_is_refused_with_what_is_legal(tmp_path: Path) -> None:
    require(importlib.util.find_spec("torch"), "torch is not installed")

    with pytest.raises(ExplanationUnavailable, match=r"depends on no layer .*legal is 'lime'"):
        _grad_cam(_torch_end2end(tmp_path / "toy", rounded=True))
