"""The 16-bit values of an upload: stored beside its picture, and gone with the result."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dropsight.adapters.backend import open_backend
from dropsight.domain.events import ObjectFinalized
from dropsight.imaging.png import decode_png
from dropsight.settings import Budgets, Settings
from tests.toy_pipeline import BrightnessEngine, ToyPipeline

pytestmark = pytest.mark.integration

SIDE = 16
PIXELS = np.arange(SIDE * SIDE, dtype=np.uint16).reshape(SIDE, SIDE) * 250


def pipeline(folder: Path, **budgets: int) -> ToyPipeline:
    settings = Settings(root=folder, budgets=Budgets(**budgets))
    return ToyPipeline(settings, open_backend(settings), BrightnessEngine())


def drop(made: ToyPipeline, *pages: np.ndarray) -> ObjectFinalized:
    """A 16-bit TIFF of some pages."""
    data = cv2.imencodemulti(".tiff", list(pages))[1].tobytes()
    info = made.backend.objects.write(made.settings.landing_bucket, "toy/a.tiff", data)
    return ObjectFinalized(
        bucket=info.bucket, name=info.name, generation=info.generation, size=info.size
    )


def test_each_frame_of_a_16_bit_file_has_its_values_in_a_file_of_its_own(tmp_path: Path):
    made = pipeline(tmp_path)
    result = made.ingest(drop(made, PIXELS, PIXELS[::-1]))

    for frame, pixels in enumerate((PIXELS, PIXELS[::-1])):
        stored = result.artifact(f"pixels-{frame}")
        assert stored is not None
        assert stored.values is not None
        assert (stored.values.slope, stored.values.intercept) == (1.0, 0.0)
        data = made.backend.objects.read(stored.bucket, stored.object)
        assert np.array_equal(decode_png(data), pixels)
    picture = result.artifact("display-0")
    assert picture is not None
    assert picture.values is None


def test_over_the_budget_there_are_pictures_alone(tmp_path: Path):
    made = pipeline(tmp_path, value_bytes=2 * SIDE * SIDE * 2 - 1)
    result = made.ingest(drop(made, PIXELS, PIXELS))
    assert [one.name for one in result.artifacts] == ["display-0", "display-1"]


def test_values_are_deleted_with_the_result(tmp_path: Path):
    made = pipeline(tmp_path)
    result = made.ingest(drop(made, PIXELS))
    assert len(result.artifacts) == 2

    made.delete(result.result_id)

    assert list(made.backend.objects.list(made.settings.results_bucket)) == []
