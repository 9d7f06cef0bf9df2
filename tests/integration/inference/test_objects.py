"""Detection and segmentation over HTTP: findings first, the overlay as their second stage."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dropsight.domain.events import TOPIC_EXPLAIN, ExplanationRequested
from dropsight.domain.rle import decode_mask
from dropsight.imaging.png import decode_png, encode_png
from dropsight.settings import Settings
from tests.toy_container import SIDE, Container, running
from tests.toy_objects import head_network, instance_network, write_objects_bundle

pytestmark = pytest.mark.integration

# Of 8 x 8 pixels, 2 to 6 each way: a quarter of the picture, in its middle.
ANCHORS = np.array([[4, 4, 4, 4, 0.125, 0.75], [4, 4, 4, 4, 0.0625, 0.5]], np.float32)


def _serve(root: Path, network: bytes, task: str) -> Settings:
    write_objects_bundle(root / "models" / "toy", network, SIDE, task)
    return replace(Settings(), root=root, models=root / "models", batch_size=4, max_in_flight=4)


@pytest.fixture
def detector(tmp_path: Path) -> Iterator[Container]:
    with running(_serve(tmp_path, head_network(ANCHORS.T, SIDE), "detection")) as container:
        container.service.warm_up.join()
        yield container


@pytest.fixture
def segmenter(tmp_path: Path) -> Iterator[Container]:
    masks = np.zeros((1, 1, SIDE, SIDE), np.float32)
    masks[0, 0, 2:6, 2:6] = 1.0
    network = instance_network(
        np.array([[2, 2, 6, 6]], np.float32),
        np.array([2], np.int64),
        np.array([0.75], np.float32),
        masks,
    )
    with running(_serve(tmp_path, network, "segmentation")) as container:
        container.service.warm_up.join()
        yield container


def test_a_pushed_frame_has_its_boxes_before_its_overlay(detector: Container) -> None:
    request = detector.upload(frames=2)

    assert detector.push("predict", request).status == 204

    result = detector.backend.results.get("r-1")
    assert result is not None
    assert result.status == "predicted"
    assert [(f.frame, f.label, f.box, f.positive) for f in result.findings] == [
        (frame, "white", [5.0, 2.5, 10.0, 5.0], positive)
        for frame in (0, 1)
        for positive in (True, False)
    ]
    assert result.candidates is not None
    assert [(one.found, one.kept) for one in result.candidates.frames] == [(2, 2), (2, 2)]
    assert [(e.method, e.frame, e.status) for e in result.explanations] == [
        ("overlay", 0, "pending"),
        ("overlay", 1, "pending"),
    ]

    for frame in (0, 1):
        asked = ExplanationRequested(
            result_id="r-1",
            model="toy",
            frame=request.frame,
            method="overlay",
            labels=["objects"],
            frame_index=frame,
            requested_at=1.0,
        )
        assert detector.push("explain", asked, f"m-{TOPIC_EXPLAIN}-{frame}").status == 204

    result = detector.backend.results.get("r-1")
    assert result is not None
    assert result.status == "explained"
    assert [e.parameters["objects"] for e in result.explanations] == [1, 1]
    artifact = result.artifact("overlay-objects-1")
    assert artifact is not None
    overlay = decode_png(detector.backend.objects.read(artifact.bucket, artifact.object))
    assert overlay.shape == (10, 20, 3)
    assert overlay[7, 14].tolist() == [0x56, 0xB4, 0xE9]  # the second colour of the palette


def test_a_file_is_answered_with_masks_and_with_an_overlay_when_asked(
    segmenter: Container,
) -> None:
    image = encode_png(np.full((4 * SIDE, 4 * SIDE), 60, np.uint8))

    plain = json.loads(segmenter.post("/v1/models/toy:predict", image).data)
    drawn = json.loads(segmenter.post("/v1/models/toy:predict?overlays=base64", image).data)

    assert plain["status"] == drawn["status"] == "explained"
    assert plain["explanations"] == []
    (finding,) = plain["findings"]
    assert (finding["label"], finding["box"]) == ("white", [8, 8, 16, 16])
    mask = decode_mask(finding["mask"])
    assert mask.sum() == 16 * 16 - 4  # bilinear: the corners are round
    (overlay,) = drawn["overlays"].values()
    picture = decode_png(base64.b64decode(overlay))
    assert picture.shape == (32, 32, 3)
    assert picture[30, 2].tolist() == [60, 60, 60]
    assert picture[16, 8].tolist() == [0x56, 0xB4, 0xE9]
