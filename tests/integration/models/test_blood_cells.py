"""The bundle blood-cells on real frames it was not trained on, through the pipeline."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dropsight.domain.exports import Thresholds, export_csv
from dropsight.domain.results import Finding, ModelReference, Result, Source
from dropsight.domain.suppression import intersection_over_union, shown
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import open_upload, prepare
from dropsight.ports import Prediction
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.requirements_check import require

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
BUNDLE = REPOSITORY / "models" / "blood-cells"
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data")) / "bccd_cells"
EVERY = 4
"""Every fourth frame of val: 22 of them, a few seconds."""
LABELS = {1: "RBC", 2: "WBC", 3: "Platelets"}


@dataclass(frozen=True)
class Answer:
    prediction: Prediction
    shown: list[Finding]
    """At the bundle's own thresholds."""
    truth: dict[str, npt.NDArray[np.float64]]
    """(n, 4) by label: x, y, width, height."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine({"blood": load_model(BUNDLE)}, batch_size=8, batch_wait_ms=0, metrics=Metrics())
    yield engine
    engine.close()


def predict(engine: Engine, data: bytes) -> Prediction:
    policy = ImagingPolicy(b"a key of the tests")
    ready = prepare(open_upload(data, policy), engine.models["blood"].manifest, policy)
    return engine.predict("blood", ready.frame)


@pytest.fixture(scope="module")
def answers(engine: Engine) -> list[Answer]:
    require((DATA / "images.zip").exists(), "the frames of bccd_cells; set DROPSIGHT_DATA")
    coco = json.loads((DATA / "annotations_val.json").read_text())
    made = []
    with zipfile.ZipFile(DATA / "images.zip") as archive:
        for image in coco["images"][::EVERY]:
            found = predict(engine, archive.read(f"images/{image['file_name']}"))
            assert found.candidates is not None
            own = [found.findings[at] for at in shown(found.findings, None, found.candidates.iou)]
            truth = {
                label: np.array(
                    [
                        one["bbox"]
                        for one in coco["annotations"]
                        if one["image_id"] == image["id"] and one["category_id"] == number
                    ],
                    np.float64,
                ).reshape(-1, 4)
                for number, label in LABELS.items()
            }
            made.append(Answer(found, own, truth))
    return made


def recall(answers: list[Answer], label: str) -> float:
    """Share of the labelled objects that a shown box meets with an IoU of 0.5."""
    hits = []
    for one in answers:
        boxes = np.array([x.box for x in one.shown if x.label == label], np.float64).reshape(-1, 4)
        hits += [bool((intersection_over_union(t, boxes) >= 0.5).any()) for t in one.truth[label]]
    return float(np.mean(hits))


@pytest.mark.parametrize(("label", "least"), [("RBC", 0.75), ("WBC", 0.95), ("Platelets", 0.65)])
def test_most_cells_of_each_kind_are_found(answers: list[Answer], label: str, least: float):
    assert recall(answers, label) >= least


def test_white_cells_are_counted_nearly_without_a_mistake(answers: list[Answer]):
    wrong = [
        abs(sum(x.label == "WBC" for x in one.shown) - len(one.truth["WBC"])) for one in answers
    ]

    assert np.mean(wrong) <= 0.15


def test_the_csv_has_a_line_for_each_shown_cell_in_pixels_of_the_source(answers: list[Answer]):
    one = answers[0]
    result = Result(
        result_id="r",
        status="explained",
        source=Source(bucket="landing", object="blood-cells/smear.jpg", generation=1),
        model=ModelReference(
            name="blood-cells", version="1", digest="d", runtime="onnx", task="detection"
        ),
        width=640,
        height=480,
        frames=1,
        findings=one.prediction.findings,
        candidates=one.prediction.candidates,
    )

    lines = export_csv(result, Thresholds()).splitlines()[1:]

    assert len(lines) == len(one.shown) > 5
    for line in lines:
        x, y, width, height = map(float, line.split(",")[4:8])
        assert -1 <= x <= x + width <= 641
        assert -1 <= y <= y + height <= 481


def test_an_empty_frame_is_a_result_with_nothing_found(engine: Engine):
    grey = io.BytesIO()
    Image.new("RGB", (640, 480), (215, 205, 210)).save(grey, "PNG")

    found = predict(engine, grey.getvalue())

    assert [x for x in found.findings if x.positive] == []
