"""The bundle steel-pitting on real pictures it was not trained on, through the pipeline."""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dropsight.domain.results import Finding
from dropsight.domain.rle import decode_mask
from dropsight.domain.suppression import intersection_over_union
from dropsight.imaging.object_overlay import Display, Mode, Selection, draw_objects
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import Prepared, open_upload, prepare
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.requirements_check import require

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
BUNDLE = REPOSITORY / "models" / "steel-pitting"
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
PICTURES = DATA / "bsdata_pitting"
EVERY = 2
"""Every second picture of val: 12 of them, a few seconds."""


@dataclass(frozen=True)
class Answer:
    """What the pipeline makes of one picture, and the truth."""

    name: str
    prepared: Prepared
    findings: list[Finding]
    truth: npt.NDArray[np.bool_]
    """(height, width): pixels of all defects."""

    @property
    def positives(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.positive]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine({"steel": load_model(BUNDLE)}, batch_size=8, batch_wait_ms=0, metrics=Metrics())
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def answers(engine: Engine) -> list[Answer]:
    require(
        (PICTURES / "images_masks.zip").exists(),
        "the pictures of bsdata_pitting; set DROPSIGHT_DATA",
    )
    with (PICTURES / "labels.csv").open(newline="", encoding="utf-8") as lines:
        val = [row["name"] for row in csv.DictReader(lines) if row["split"] == "val"][::EVERY]
    with zipfile.ZipFile(PICTURES / "images_masks.zip") as archive:
        return [
            answer(
                engine, name, archive.read(f"images/{name}.jpg"), archive.read(f"masks/{name}.png")
            )
            for name in val
        ]


def answer(engine: Engine, name: str, jpeg: bytes, png: bytes) -> Answer:
    policy = ImagingPolicy(b"a key of the tests")
    ready = prepare(open_upload(jpeg, policy), engine.models["steel"].manifest, policy)
    white = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert white is not None
    truth = np.asarray(white > 127, np.bool_)
    return Answer(name, ready, engine.predict("steel", ready.frame).findings, truth)


def boxes_of(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(n, 4): x, y, width, height of each connected part."""
    _, _, parts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return np.asarray(parts[1:, :4], np.float64)


def test_most_larger_defects_are_found(answers: list[Answer]):
    found = []
    for one in answers:
        for box in boxes_of(one.truth):
            if box[2] * box[3] < 256:
                continue
            others = np.array([x.box for x in one.positives], np.float64).reshape(-1, 4)
            found.append(bool((intersection_over_union(box, others) >= 0.5).any()))
    assert len(found) >= 8
    assert np.mean(found) >= 0.6


def test_there_are_few_false_alarms(answers: list[Answer]):
    alarms = [
        sum(not (decode_mask(x.mask or {}) & one.truth).any() for x in one.positives)
        for one in answers
    ]
    assert np.mean(alarms) <= 1.0


def test_boxes_hold_their_masks_and_lie_in_the_picture(answers: list[Answer]):
    for one in answers:
        height, width = one.truth.shape
        for finding in one.findings:
            x, y, w, h = finding.box or [0.0] * 4
            assert 0 <= x <= x + w <= width
            assert 0 <= y <= y + h <= height
            rows, columns = np.nonzero(decode_mask(finding.mask or {}))
            if rows.size:
                assert columns.min() >= np.floor(x)
                assert columns.max() < np.ceil(x + w)
                assert rows.min() >= np.floor(y)
                assert rows.max() < np.ceil(y + h)


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_each_overlay_mode_draws_its_part(engine: Engine, answers: list[Answer], mode: Mode):
    one = max(answers, key=lambda x: max((f.score or 0.0 for f in x.findings), default=0.0))
    manifest = engine.models["steel"].manifest
    display: Display = one.prepared.display[0]
    selection = Selection(mode=mode, confidence=manifest.labels[0].threshold)
    names = {label.id: label.display_name() for label in manifest.labels}

    picture = draw_objects(display, one.findings, manifest.colors, names, selection)

    masks = np.any([decode_mask(x.mask or {}) for x in selection.of(one.findings)], axis=0)
    changed = (picture != display).any(axis=2)
    assert masks.any()
    if mode == 3:
        assert not picture[~masks].any()
        assert picture[masks].any(axis=1).all()
    elif mode == 1:
        # Frames and labels alone: most of the inside of the strongest mask is as it was.
        assert changed[masks].mean() < 0.5
        assert changed[~masks].any()
    else:
        assert changed[masks].mean() > 0.9
        far = cv2.dilate(masks.astype(np.uint8), np.ones((161, 161), np.uint8)) == 0
        assert not changed[far].any()


def test_a_picture_of_nothing_has_no_finding(engine: Engine):
    encoded = cv2.imencode(".png", np.full((256, 700, 3), 128, np.uint8))[1].tobytes()
    policy = ImagingPolicy(b"a key of the tests")
    ready = prepare(open_upload(encoded, policy), engine.models["steel"].manifest, policy)

    assert [x for x in engine.predict("steel", ready.frame).findings if x.positive] == []
