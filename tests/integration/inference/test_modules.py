"""The example module over HTTP, and a module that fails, seen by who reads its result."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dropsight.domain.wire import replace as changed
from dropsight.imaging.png import encode_png
from dropsight.settings import Settings
from tests.module_bundle import write_module_bundle
from tests.toy_container import running

pytestmark = pytest.mark.integration

EXAMPLE = Path(__file__).parents[3] / "examples" / "modules" / "bright_blobs"

LOOKS = """
    import cv2

    class Mine:
        def inference_by_path(self, path):
            height, width = cv2.imread(path).shape[:2]
            print("the picture is", width, "by", height)
            if height > 9:
                raise RuntimeError("too high")
            return [[(0, 0, width, height), {"cat": 1.0}]]
    """


def test_the_example_finds_two_blobs_in_source_pixels(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "models" / "bright-blobs")
    picture = np.full((300, 400), 20, np.uint8)
    picture[50:60, 100:120] = 220
    picture[200:230, 300:310] = 120

    with running(replace(Settings(), root=tmp_path, models=tmp_path / "models")) as container:
        container.service.warm_up.join()
        response = container.post("/v1/models/bright-blobs:predict", encode_png(picture))

    assert response.status == 200, response.data
    document = json.loads(response.data)
    assert [one["box"] for one in document["findings"]] == [[100, 50, 20, 10], [300, 200, 10, 30]]
    # Contrast 200 and 100 grey values over a noise of 1: 200 / 205 and 100 / 105.
    assert [one["probability"] for one in document["findings"]] == pytest.approx(
        [0.9756, 0.9524], abs=1e-4
    )
    assert [one["label"] for one in document["findings"]] == ["blob", "blob"]


def test_a_pushed_request_gives_the_module_the_stored_picture_of_each_frame(
    tmp_path: Path,
) -> None:
    write_module_bundle(tmp_path / "models" / "toy", LOOKS.replace("> 9", "> 99"))

    with running(replace(Settings(), root=tmp_path, models=tmp_path / "models")) as container:
        container.service.warm_up.join()
        response = container.push("predict", container.upload(frames=2))
        result = container.backend.results.get("r-1")

    assert response.status == 204
    assert result is not None
    assert [(one.frame, one.box) for one in result.findings] == [
        (0, [0, 0, 20, 10]),
        (1, [0, 0, 20, 10]),
    ]
    # Its boxes are the explanation: drawn as for a detector.
    assert [(e.method, e.frame) for e in result.explanations] == [("overlay", 0), ("overlay", 1)]
    assert result.timeline["predict.module"] > 0


def test_the_log_of_a_failing_module_is_in_the_result(tmp_path: Path) -> None:
    write_module_bundle(tmp_path / "models" / "toy", LOOKS)

    with running(replace(Settings(), root=tmp_path, models=tmp_path / "models")) as container:
        container.service.warm_up.join()
        response = container.push("predict", container.upload())
        result = container.backend.results.get("r-1")

    assert response.status == 204  # trying again cannot help
    assert result is not None
    assert result.error is not None
    assert (result.status, result.error.code) == ("failed", "inference-failed")
    assert "raised RuntimeError: too high. The end of its log:\nthe picture is 20 by 10\n" in (
        result.error.message
    )
    assert 'mine.py", line' in result.error.message


def test_a_picture_that_is_gone_is_named(tmp_path: Path) -> None:
    write_module_bundle(tmp_path / "models" / "toy", LOOKS)

    with running(replace(Settings(), root=tmp_path, models=tmp_path / "models")) as container:
        container.service.warm_up.join()
        request = container.upload()
        container.backend.results.update("r-1", lambda r: changed(r, artifacts=[]))
        container.push("predict", request)
        result = container.backend.results.get("r-1")

    assert result is not None
    assert result.error is not None
    assert result.error.code == "object-gone"
    assert "artifacts display-0: not all are stored" in result.error.message
