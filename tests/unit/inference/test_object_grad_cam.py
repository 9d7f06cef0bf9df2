"""Grad-CAM of one object, by a detector of 4 x 4 cells in torch and in Keras.

The picture is 8 x 8. `cells` are the means of 2 x 2 pixels; `around` is the mean of the 3 x 3 cells
around each cell, 0 beyond the edge, and is also the score of the cell's anchor for `white`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.domain.frames import Frame
from dropsight.domain.results import Finding
from dropsight.ports import Attribution
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from dropsight_inference.runtimes import import_runtime
from dropsight_inference.runtimes.local_gradients import covered_share, last_that_reaches
from tests.requirements_check import require
from tests.toy_objects import LABELS

pytestmark = pytest.mark.unit

for package in ("torch", "tensorflow"):
    require(
        importlib.util.find_spec(package),
        f"{package} is not installed (requirements/runtimes.txt)",
        whole_module=True,
    )

import_runtime("tensorflow")  # before anything else imports TensorFlow: see RUNTIMES

import keras  # noqa: E402
import torch  # noqa: E402

from tests.keras_bundle import write_keras_bundle  # noqa: E402
from tests.torch_bundle import program_of, write_torch_bundle  # noqa: E402

SIDE, CELLS = 8, 4
PICTURE = np.zeros((SIDE, SIDE), np.uint8)
PICTURE[2:4, 2:4], PICTURE[2:4, 4:6] = 255, 51
"""Cells (1, 1) and (1, 2), as row and column, have the means 1.0 and 0.2; all others 0."""
FRAME = Frame(PICTURE[None, ..., None], SIDE, SIDE, (0.0, 0.0, SIDE, SIDE))


def _fixed(box_side: float) -> np.ndarray[Any, Any]:
    """(5, 16): centre, width and height of each anchor's box, and its score for `red`, 0."""
    at = np.arange(CELLS) * 2.0 + 1.0
    down, across = (grid.ravel() for grid in np.meshgrid(at, at, indexing="ij"))
    sides = np.full_like(across, box_side)
    return np.stack([across, down, sides, sides, np.zeros_like(across)]).astype(np.float32)


class Cells(torch.nn.Module):
    def __init__(self, box_side: float) -> None:
        super().__init__()
        self.cells = torch.nn.AvgPool2d(2)
        self.around = torch.nn.AvgPool2d(3, stride=1, padding=1)
        self.register_buffer("fixed", torch.from_numpy(_fixed(box_side)))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        scores = self.around(self.cells(image)).flatten(2)
        fixed = self.get_buffer("fixed").expand(image.shape[0], -1, -1)
        return torch.cat([fixed, scores], dim=1)


def _cells_in_keras(box_side: float) -> keras.Model:
    image = keras.Input((SIDE, SIDE, 1))
    cells = keras.layers.AveragePooling2D(2, name="cells")(image)
    around = keras.layers.Conv2D(1, 3, padding="same", use_bias=False, name="around")(cells)
    scores = keras.layers.Reshape((1, CELLS * CELLS), name="scores")(around)
    # What does not depend on the picture: zeros of it, and the boxes as a bias.
    nothing = keras.layers.Rescaling(0.0, name="nothing")(scores)
    fixed = keras.layers.Concatenate(axis=1, name="empty")([nothing] * 5)
    boxes = keras.layers.Permute((2, 1), name="turned")(fixed)
    boxes = keras.layers.EinsumDense(
        "bac,ad->bcd", (5, CELLS * CELLS), bias_axes="cd", name="fixed"
    )(boxes)
    model = keras.Model(image, keras.layers.Concatenate(axis=1, name="output0")([boxes, scores]))
    model.get_layer("around").set_weights([np.full((3, 3, 1, 1), 1 / 9, np.float32)])
    zeros = np.zeros((CELLS * CELLS, CELLS * CELLS), np.float32)
    model.get_layer("fixed").set_weights([zeros, _fixed(box_side)])
    return model


DETECTOR: dict[str, Any] = {
    "task": "detection",
    "outputs": {"boxes": {"name": "output0", "layout": "yolov8"}},
    "labels": [{"id": label} for label in LABELS],
    "explanations": [],
    "input": {"width": SIDE, "height": SIDE, "channels": 1},
}


def _torch_bundle(folder: Path, box_side: float) -> Path:
    content = program_of(Cells(box_side), torch.zeros(2, 1, SIDE, SIDE))
    return write_torch_bundle(folder, content, **DETECTOR)


def _keras_bundle(folder: Path, box_side: float) -> Path:
    spec = {**DETECTOR["input"], "layout": "NHWC"}
    return write_keras_bundle(folder, _cells_in_keras(box_side), **{**DETECTOR, "input": spec})


BUNDLES = pytest.mark.parametrize("bundle", [_torch_bundle, _keras_bundle])


def _explain(folder: Path, found: Finding, **parameters: Any) -> Attribution:
    engine = Engine({"toy": load_model(folder, 1)}, 4, 5.0, Metrics())
    try:
        return engine.explain_object("toy", FRAME, "grad-cam", found, parameters)
    finally:
        engine.close()


def _object(left: float, top: float, side: float) -> Finding:
    return Finding(label="white", probability=0.1, score=0.1, box=[left, top, side, side])


def _at_cells(answer: Attribution) -> np.ndarray[Any, Any]:
    """Where the coarse map is found again: bilinear between the centres of cells, so a value near
    each centre is close to the cell's, and far cells are exactly 0."""
    blocks: np.ndarray[Any, Any] = answer.heatmap.reshape(CELLS, 2, CELLS, 2).max(axis=(1, 3))
    return blocks


@BUNDLES
def test_a_large_object_is_explained_by_the_layer_that_sees_all_of_it(
    tmp_path: Path, bundle: Any
) -> None:
    # Of the anchor at cell (1, 1), 3 x 3 cells large. In `around` its score depends on one cell of
    # the nine; in `cells` on all nine, each with a gradient of 1 / 9.
    answer = _explain(bundle(tmp_path / "toy", 6.0), _object(0, 0, 6))

    assert answer.parameters["layer"] == "cells"
    assert answer.parameters["grid"] == [CELLS, CELLS]
    # The map is gradient x activation: 1 / 9 at cell (1, 1), 0.2 / 9 at (1, 2). Bilinear, a quarter
    # of a cell from its centre: 0.75 x 0.75 of its own, and of its neighbours' what is left.
    nearest = 0.75 * (0.75 * 1.0 + 0.25 * 0.2) / 9
    assert answer.heatmap[2, 3] == pytest.approx(nearest, rel=1e-5)
    assert answer.parameters["maximum"] == pytest.approx(nearest, rel=1e-5)
    cells = _at_cells(answer)
    assert cells[3].tolist() == [0.0] * 4
    assert cells[1, 1] > cells[1, 2] > 0.0


@BUNDLES
def test_a_small_object_is_explained_by_the_last_layer(tmp_path: Path, bundle: Any) -> None:
    # Of the anchor at cell (1, 1), as large as the cell: `around` sees all of it. Its value there
    # is (1.0 + 0.2) / 9, and its gradient 1.
    answer = _explain(bundle(tmp_path / "toy", 2.0), _object(2, 2, 2))

    assert answer.parameters["layer"] == "around"
    assert answer.heatmap[2, 2] == pytest.approx(0.75**2 * 1.2 / 9, rel=1e-5)
    assert answer.heatmap[6:].max() == 0.0


@BUNDLES
def test_another_object_of_the_same_label_has_a_picture_of_its_own(
    tmp_path: Path, bundle: Any
) -> None:
    # The anchor at cell (2, 2) sees the cells from (1, 1) on, so nothing above row 2 of pixels and
    # left of column 2 speaks for it; that at (0, 0) sees the cells up to (1, 1).
    folder = bundle(tmp_path / "toy", 6.0)

    lower = _explain(folder, _object(2, 2, 6), layer="cells")
    upper = _explain(folder, _object(-2, -2, 6), layer="cells")

    assert lower.heatmap[2, 5] > 0.0
    assert _at_cells(upper)[1, 3] == 0.0
    assert _at_cells(upper)[1, 1] == pytest.approx(0.75**2 / 9, rel=1e-5)


@BUNDLES
def test_a_layer_that_is_not_there_is_answered_with_those_that_are(
    tmp_path: Path, bundle: Any
) -> None:
    with pytest.raises(ExplanationUnavailable, match=r"`layer`: found 'neck', legal are .*cells"):
        _explain(bundle(tmp_path / "toy", 2.0), _object(2, 2, 2), layer="neck")


@BUNDLES
def test_an_object_that_is_nowhere_in_its_frame_is_refused(tmp_path: Path, bundle: Any) -> None:
    with pytest.raises(ExplanationUnavailable, match="no longer found in its own frame"):
        _explain(bundle(tmp_path / "toy", 2.0), _object(6, 6, 2))


def test_the_share_of_a_box_that_a_gradient_reaches_over() -> None:
    gradient = np.zeros((2, 4, 4), np.float32)
    gradient[1, 1, 1:3] = -2.0
    gradient[0, 3, 3] = 1e-4  # next to nothing

    # Columns 1 and 2, row 1, of four: x from 0.25 to 0.75, y from 0.25 to 0.5.
    assert covered_share(gradient, (0.25, 0.25, 0.75, 0.5)) == 1.0
    assert covered_share(gradient, (0.25, 0.25, 0.75, 0.75)) == 0.5
    assert covered_share(gradient, (0.0, 0.6, 1.0, 1.0)) == 0.0


def test_where_no_layer_reaches_far_enough_the_furthest_reaching_one_answers() -> None:
    narrow, wide = np.zeros((1, 4, 4), np.float32), np.zeros((1, 4, 4), np.float32)
    narrow[0, 0, 0], wide[0, 0, :2] = 1.0, 1.0
    everywhere = (0.0, 0.0, 1.0, 1.0)

    assert last_that_reaches([("narrow", narrow), ("wide", wide)], everywhere) == "wide"
    with pytest.raises(ExplanationUnavailable, match="depends on no layer"):
        last_that_reaches([("silent", np.zeros((1, 4, 4), np.float32))], everywhere)
