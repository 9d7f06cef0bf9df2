"""Mask R-CNN outputs through the real engine, with objects that can be followed on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import InferenceFailed, ManifestInvalid
from dropsight.domain.frames import Frame
from dropsight.domain.rle import decode_mask
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.toy_objects import instance_network, write_objects_bundle

pytestmark = pytest.mark.unit

SIDE = 16
# A source of 64 x 32 in 16 x 16: a quarter, with 4 rows of padding above and below.
FRAME = Frame(np.zeros((1, SIDE, SIDE, 1), np.uint8), 64, 32, (0.0, 4.0, 16.0, 8.0))

BOXES = np.array([[8, 6, 12, 10], [2, 5, 6, 8]], np.float32)
SCORES = np.array([0.25, 0.75], np.float32)
MASKS = np.zeros((2, 1, SIDE, SIDE), np.float32)
MASKS[0, 0, 6:10, 8:12] = 1.0
MASKS[1, 0, 5:8, 2:4] = 1.0  # the left half of its box
MakeSegmenter = Callable[..., Engine]


@pytest.fixture
def make_segmenter(tmp_path: Path) -> Iterator[MakeSegmenter]:
    made: list[Engine] = []

    def make(labels: tuple[int, ...] = (1, 2), batch: bool = True, **changes: Any) -> Engine:
        count = len(labels)
        network = instance_network(
            BOXES[:count], np.array(labels, np.int64), SCORES[:count], MASKS[:count], batch
        )
        folder = write_objects_bundle(tmp_path / "toy", network, SIDE, "segmentation", changes)
        made.append(Engine({"toy": load_model(folder, 1)}, 4, 5.0, Metrics()))
        made[-1].warm_up()
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.mark.parametrize("batch", [True, False], ids=["batch of one", "no batch axis"])
def test_masks_and_boxes_come_back_in_source_pixels(
    make_segmenter: MakeSegmenter, batch: bool
) -> None:
    strong, weak = make_segmenter(batch=batch).predict("toy", FRAME).findings

    assert (strong.label, strong.score, strong.positive) == ("white", 0.75, True)
    assert (weak.label, weak.score, weak.positive) == ("red", 0.25, False)
    assert strong.box == [8, 4, 16, 12]
    assert weak.box == [32, 8, 16, 16]
    assert strong.probabilities == {"red": 0.0, "white": 0.75}
    for finding, (left, top, right, bottom) in ((strong, (8, 4, 16, 16)), (weak, (32, 8, 48, 24))):
        assert finding.mask is not None
        mask = decode_mask(finding.mask)
        expected = np.zeros((32, 64), bool)
        expected[top:bottom, left:right] = True
        # The centre of a corner pixel is an eighth of a cell inside on both axes: 0.625 squared.
        expected[[top, top, bottom - 1, bottom - 1], [left, right - 1, left, right - 1]] = False
        assert np.array_equal(mask, expected)


def test_no_object_is_an_answer(make_segmenter: MakeSegmenter) -> None:
    prediction = make_segmenter(labels=()).predict("toy", FRAME)

    assert prediction.findings == []
    assert prediction.candidates is not None
    assert prediction.candidates.frames[0].found == 0


def test_frames_go_through_one_by_one(make_segmenter: MakeSegmenter) -> None:
    three = Frame(np.zeros((3, SIDE, SIDE, 1), np.uint8), SIDE, SIDE, (0, 0, SIDE, SIDE))

    findings = make_segmenter().predict("toy", three).findings

    assert [(f.frame, f.label) for f in findings] == [
        (frame, label) for frame in range(3) for label in ("white", "red")
    ]


def test_a_label_that_model_yaml_does_not_know_is_refused(make_segmenter: MakeSegmenter) -> None:
    with pytest.raises(InferenceFailed, match=r"found labels 1 to 3, model.yaml knows 1 to 2"):
        make_segmenter(labels=(1, 3))


def test_labels_may_start_elsewhere(make_segmenter: MakeSegmenter) -> None:
    engine = make_segmenter(labels=(0, 1), outputs={"instances": {"firstLabel": 0}})

    assert [f.label for f in engine.predict("toy", FRAME).findings] == ["white", "red"]


def test_a_graph_for_single_images_says_so(make_segmenter: MakeSegmenter) -> None:
    sides = {"width": SIDE, "height": SIDE, "channels": 1}

    with pytest.raises(ManifestInvalid, match=r"input.maximumBatch: found None, legal is 1"):
        make_segmenter(input=sides)
