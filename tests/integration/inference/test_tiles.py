"""A 16-bit TIFF of several pages, larger than the model's input, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from dropsight.settings import Settings
from tests.toy_container import Container, running
from tests.toy_objects import bright_pixel_network, write_objects_bundle

pytestmark = pytest.mark.integration


@pytest.fixture
def finder(tmp_path: Path) -> Iterator[Container]:
    spec = {"width": 16, "height": 16, "channels": 1, "resize": "tile", "contrast": "full"}
    write_objects_bundle(
        tmp_path / "models" / "toy", bright_pixel_network(16), 16, "detection", {"input": spec}
    )
    settings = replace(
        Settings(), root=tmp_path, models=tmp_path / "models", batch_size=4, max_in_flight=4
    )
    with running(settings) as container:
        container.service.warm_up.join()
        yield container


def test_each_page_has_its_findings_in_source_pixels(finder: Container) -> None:
    """Tiles of 16 that share 4: the seams of 40 px are at 14 and 25 (12 to 16, and 24 to 28)."""
    pages = np.full((3, 30, 40), 100, np.uint16)
    pages[0, 14, 14] = pages[2, 3, 25] = 700  # 1 % of the range of 16 bits
    pages[1, 20, 30] = 700
    done, data = cv2.imencodemulti(".tiff", list(pages))
    assert done

    answer = json.loads(finder.post("/v1/models/toy:predict", bytes(data)).data)

    assert answer["frames"] == 3
    assert (answer["width"], answer["height"]) == (40, 30)
    # 4 x 4 about the middle of the pixel.
    assert [(one["frame"], one["box"]) for one in answer["findings"]] == [
        (0, [12.5, 12.5, 4, 4]),
        (1, [28.5, 18.5, 4, 4]),
        (2, [23.5, 1.5, 4, 4]),
    ]
    assert [one["kept"] for one in answer["candidates"]["frames"]] == [1, 1, 1]
    (resized,) = [step for step in answer["provenance"] if step["step"] == "resize"]
    assert resized["parameters"]["rule"] == "tile"
