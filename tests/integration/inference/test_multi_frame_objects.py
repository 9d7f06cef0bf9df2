"""A TIFF of three pages and a DICOM file of three frames through the whole path: each frame has
objects of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dropsight.domain.events import ExplanationRequested, ObjectFinalized, PredictionRequested
from dropsight.domain.exports import shown_objects, to_coco, to_csv
from dropsight.domain.results import Result
from dropsight.domain.wire import decode
from dropsight.imaging.dicom.tags import Tag
from dropsight.imaging.png import decode_png
from dropsight.pipeline.ingest import Ingest
from dropsight.pipeline.object_overlay import draw_result_overlay, select_objects
from dropsight.pipeline.request_explanation import RequestExplanation
from dropsight.settings import Settings
from tests.fakes import MemoryPublisher
from tests.object_networks import SIDE, region_detector
from tests.toy_container import Container, running
from tests.toy_objects import instance_network, write_objects_bundle
from tests.unit.imaging.dicom_bytes import film

pytestmark = pytest.mark.integration

LEFT, RIGHT = (12, 36, 36, 60), (60, 36, 84, 60)
PAGES = np.full((3, 48, 96), 0, np.uint8)
"""Half as high as the model's input: 24 rows of padding above and below. The left square is white
on the first page and grey on the third, the right one white on the third; the second is empty."""
PAGES[0, 12:36, 12:36] = 255
PAGES[2, 12:36, 12:36] = 153
PAGES[2, 12:36, 60:84] = 255


def _tiff() -> bytes:
    stored = io.BytesIO()
    first, *rest = (Image.fromarray(page) for page in PAGES)
    first.save(stored, "TIFF", save_all=True, append_images=rest)
    return stored.getvalue()


def _dicom() -> bytes:
    """8 bits; the window of 0 to 255 leaves them as they are."""
    changes = {
        Tag.NumberOfFrames: "3",
        Tag.Rows: 48,
        Tag.Columns: 96,
        Tag.BitsAllocated: 8,
        Tag.BitsStored: 8,
        Tag.HighBit: 7,
        Tag.WindowCenter: "128",
        Tag.WindowWidth: "256",
        Tag.PixelData: PAGES.tobytes(),
    }
    return film(changes)


def _take(container: Container, published: MemoryPublisher, name: str, data: bytes) -> Result:
    """The file from the landing bucket to its overlays."""
    settings, service = container.settings, container.service
    objects = container.backend.objects
    info = objects.write(settings.landing_bucket, name, data)
    ingest = Ingest(
        objects=objects,
        results=container.backend.results,
        publisher=published,
        models=service.manifests,
        settings=settings,
        policy=service.policy,
        process="test",
    )
    ingest(ObjectFinalized(bucket=info.bucket, name=info.name, generation=info.generation))
    asked = decode(published.published[-1].data, PredictionRequested)
    replace(service.predict, publisher=published)(asked)
    for message in published.published[1:]:
        service.explain(decode(message.data, ExplanationRequested))
    (result,) = container.backend.results.list()
    return result


def _settings(root: Path) -> Settings:
    return replace(Settings(), root=root, models=root / "models", batch_size=2)


@pytest.mark.parametrize(
    ("name", "make", "kind"), [("toy/a.tif", _tiff, "tiff"), ("toy/a.dcm", _dicom, "dicom")]
)
def test_each_frame_has_its_own_boxes_in_document_table_coco_and_picture(
    tmp_path: Path, name: str, make: Callable[[], bytes], kind: str
) -> None:
    network = region_detector([LEFT, RIGHT], [LEFT, RIGHT])
    write_objects_bundle(tmp_path / "models" / "toy", network, SIDE, "detection")
    published = MemoryPublisher()

    with running(_settings(tmp_path)) as container:
        container.service.warm_up.join()
        result = _take(container, published, name, make())
        ask = RequestExplanation(
            objects=container.backend.objects,
            results=container.backend.results,
            publisher=published,
            models=container.service.manifests,
            work_bucket=container.settings.work_bucket,
        )
        entry = ask(result.result_id, "lime", object_index=1, frame=2)
        container.service.explain(decode(published.published[-1].data, ExplanationRequested))
        explained = container.backend.results.get(result.result_id)
        drawn = [
            decode_png(
                draw_result_overlay(
                    container.backend.objects,
                    result,
                    container.service.manifests["toy"],
                    select_objects(result, mode=1, frame=frame, confidence=0.1),
                )
            )
            for frame in range(3)
        ]

    assert (result.status, result.frames, result.source.format) == ("explained", 3, kind)
    assert [(f.frame, f.box) for f in result.findings] == [
        (0, [12.0, 12.0, 24.0, 24.0]),
        (2, [60.0, 12.0, 24.0, 24.0]),
        (2, [12.0, 12.0, 24.0, 24.0]),
    ]
    assert [f.score for f in result.findings] == pytest.approx([1.0, 1.0, 0.6], abs=1e-5)
    assert result.candidates is not None
    assert [(c.frame, c.kept) for c in result.candidates.frames] == [(0, 1), (1, 0), (2, 2)]
    # A page where nothing was found has no overlay to look at.
    assert [(e.method, e.frame, e.status) for e in result.explanations] == [
        ("overlay", 0, "done"),
        ("overlay", 2, "done"),
    ]
    assert [e.parameters["objects"] for e in result.explanations] == [1, 2]

    objects = shown_objects(result)
    rows = list(csv.DictReader(io.StringIO(to_csv(result, objects))))
    assert [(row["frame"], row["object"], row["x"]) for row in rows] == [
        ("0", "0", "12.0"),
        ("2", "0", "60.0"),
        ("2", "1", "12.0"),
    ]
    coco = to_coco(result, objects)
    assert [(one["id"], one["file_name"]) for one in coco["images"]] == [
        (1, f"{name}#frame=0"),
        (2, f"{name}#frame=1"),
        (3, f"{name}#frame=2"),
    ]
    assert [one["image_id"] for one in coco["annotations"]] == [1, 3, 3]

    white = [0x56, 0xB4, 0xE9]  # the colour of the label `white`: the palette's second
    corners = [
        (picture[12, 12].tolist() == white, picture[12, 60].tolist() == white) for picture in drawn
    ]
    assert corners == [(True, False), (False, False), (True, True)]

    assert explained is not None
    answer = explained.explanations[-1]
    assert (answer.identity, answer.status) == (entry.identity, "done")
    assert (answer.frame, answer.object_index, answer.label) == (2, 1, "white")


def test_each_page_has_its_own_masks(tmp_path: Path) -> None:
    masks = np.zeros((1, 1, SIDE, SIDE), np.float32)
    masks[0, 0, 36:60, 12:36] = 1.0
    network = instance_network(
        np.array([LEFT], np.float32), np.array([2], np.int64), np.array([0.75], np.float32), masks
    )
    write_objects_bundle(tmp_path / "models" / "toy", network, SIDE, "segmentation")

    with running(_settings(tmp_path)) as container:
        container.service.warm_up.join()
        result = _take(container, MemoryPublisher(), "toy/a.tif", _tiff())

    assert [f.frame for f in result.findings] == [0, 1, 2]
    coco = to_coco(result, shown_objects(result))
    assert [(one["image_id"], one["area"]) for one in coco["annotations"]] == [
        (1, 24 * 24),
        (2, 24 * 24),
        (3, 24 * 24),
    ]
    assert [(e.frame, e.status) for e in result.explanations] == [
        (0, "done"),
        (1, "done"),
        (2, "done"),
    ]
