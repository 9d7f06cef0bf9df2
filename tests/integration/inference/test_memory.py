"""What a container keeps of a request once it has answered: nothing."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dropsight.imaging.png import encode_png
from dropsight.settings import Settings
from tests.container_process import MIB, running_process
from tests.requirements_check import require

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

GROWTH = 4 * MIB
"""Legal between the end of the warm-up and the last request. Two LIME and Grad-CAM heatmaps with
their overlays are an answer of 20 KiB or more, so keeping those of 800 requests would be 16 MiB.
Pages that a pool touches for the first time late are well below 1 MiB."""


def _resident_after(settings: Settings, warm_up: int, requests: int) -> tuple[int, int]:
    """Bytes resident after `warm_up` requests with all explanations, and after `requests`.

    Every picture is another one, so that nothing is answered from a cache.
    """
    height = 0
    with running_process(settings) as container:
        for index in range(requests):
            if index == warm_up:
                height = container.resident_bytes()
            picture = np.full((4, 4), 200, np.uint8)
            picture[0] = [index % 7, index % 11, index % 13, index % 17]
            answer = json.loads(
                container.predict("toy", encode_png(picture), "?explain=all&overlays=base64")
            )
            assert {one["status"] for one in answer["explanations"]} == {"done"}
        return height, container.resident_bytes()


@pytest.mark.timeout(900)  # half a minute on a machine that is not busy
def test_a_thousand_onnx_requests_with_explanations_leave_nothing_behind(
    settings: Settings,
) -> None:
    before, after = _resident_after(settings, 200, 1000)

    assert after - before < GROWTH


@pytest.mark.timeout(900)
def test_a_torch_model_and_its_gradients_leave_nothing_behind(tmp_path: Path) -> None:
    require(importlib.util.find_spec("torch"), "torch is not installed (requirements/runtimes.txt)")
    from tests.torch_bundle import Corners, program_bytes, write_torch_bundle

    write_torch_bundle(tmp_path / "models" / "toy", program_bytes(Corners()))
    settings = replace(Settings(), root=tmp_path, models=tmp_path / "models")

    before, after = _resident_after(settings, 100, 250)

    assert after - before < GROWTH


@pytest.mark.timeout(900)
def test_a_keras_model_and_its_gradients_leave_nothing_behind(tmp_path: Path) -> None:
    require(
        importlib.util.find_spec("tensorflow"),
        "tensorflow is not installed (requirements/runtimes.txt)",
    )
    from dropsight_inference.runtimes import import_runtime

    import_runtime("tensorflow")  # before anything else imports TensorFlow: see RUNTIMES
    from tests.keras_bundle import corners, write_keras_bundle

    write_keras_bundle(tmp_path / "models" / "toy", corners())
    settings = replace(Settings(), root=tmp_path, models=tmp_path / "models")

    before, after = _resident_after(settings, 100, 250)

    assert after - before < GROWTH
