"""CSV and COCO of a result, checked by hand."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.exports import (
    CSV_COLUMNS,
    LABEL_COLUMNS,
    Thresholds,
    export_coco,
    export_csv,
    shown_objects,
    to_coco,
    to_csv,
    to_json,
)
from dropsight.domain.results import CandidateSet, Finding, ModelReference, Result, Source
from dropsight.domain.rle import encode_mask
from dropsight.domain.wire import replace

pytestmark = pytest.mark.unit

MASK = encode_mask(np.ones((2, 3), bool), (20, 30), (1, 1))


def _object(label: str, score: float, box: list[float], frame: int = 0) -> Finding:
    chances = {"red": 0.1, "white": 0.2, label: score}
    return Finding(
        label=label,
        probability=score,
        score=score,
        box=box,
        frame=frame,
        threshold=0.5,
        probabilities=chances,
        mask=MASK if frame else None,
    )


MODEL = ModelReference(
    name="m",
    version="2",
    digest="d",
    runtime="onnx",
    task="detection",
    labels=["red", "white"],
)
RESULT = Result(
    result_id="abc",
    status="explained",
    source=Source(bucket="landing", object="slides/a.tif", generation=1),
    model=MODEL,
    frames=2,
    width=30,
    height=20,
    findings=[
        _object("white", 0.9, [1.0, 2.0, 4.0, 4.0]),
        _object("white", 0.6, [3.0, 2.0, 4.0, 4.0]),  # IoU with the first one: 1 / 3
        _object("red", 0.3, [10.0, 10.0, 2.5, 4.0]),
        _object("red", 0.7, [1.0, 1.0, 3.0, 2.0], frame=1),
    ],
    candidates=CandidateSet(minimum_score=0.01, maximum=1000, iou=0.3),
)


def test_thresholds_are_the_models_own_until_a_user_moves_them() -> None:
    def scores(confidence: float | None = None, iou: float | None = None) -> list[float | None]:
        return [one.finding.score for one in shown_objects(RESULT, confidence, iou)]

    assert scores() == [0.9, 0.7]
    assert scores(iou=0.4) == [0.9, 0.6, 0.7]
    assert scores(confidence=0.2) == [0.9, 0.3, 0.7]
    assert scores(confidence=1.0) == []


def test_csv_has_one_line_for_each_object_in_source_pixels() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(RESULT, shown_objects(RESULT)))))

    assert tuple(rows[0]) == CSV_COLUMNS
    assert rows[1] == ["slides/a.tif", "0", "white", "0.9", "1.0", "2.0", "4.0", "4.0", "", "0"]
    assert rows[2] == ["slides/a.tif", "1", "red", "0.7", "1.0", "1.0", "3.0", "2.0", "6", "0"]
    assert len(rows) == 3


def test_a_file_name_is_never_a_formula() -> None:
    named = replace(RESULT, source=replace(RESULT.source, object="=1+1.png"))

    assert "\n'=1+1.png," in to_csv(named, shown_objects(named)).replace("\r", "")


def test_coco_numbers_images_categories_and_annotations() -> None:
    coco = to_coco(RESULT, shown_objects(RESULT, confidence=0.2))

    assert [(image["id"], image["file_name"]) for image in coco["images"]] == [
        (1, "slides/a.tif#frame=0"),
        (2, "slides/a.tif#frame=1"),
    ]
    assert [(one["id"], one["name"]) for one in coco["categories"]] == [(1, "red"), (2, "white")]
    white, red, masked = coco["annotations"]
    assert (white["image_id"], white["category_id"], white["bbox"]) == (1, 2, [1, 2, 4, 4])
    assert (red["image_id"], red["category_id"], red["area"]) == (1, 1, 10.0)
    assert "segmentation" not in red
    assert [one["object"] for one in (white, red, masked)] == [0, 2, 0]
    assert coco["info"]["counts"] == {"red": 2, "white": 1}
    assert (masked["image_id"], masked["area"], masked["segmentation"]) == (2, 6, MASK)


def test_nothing_found_is_a_table_without_lines() -> None:
    empty = replace(RESULT, findings=[])

    assert to_csv(empty, shown_objects(empty)) == ",".join(CSV_COLUMNS) + "\r\n"
    coco = to_coco(empty, [])
    assert (coco["annotations"], coco["info"]["counts"]) == ([], {})
    assert [one["name"] for one in coco["categories"]] == ["red", "white"]
    assert len(coco["images"]) == 2
    assert to_json(empty, [])["objects"] == []


CLASSIFIED = Result(
    result_id="film",
    status="explained",
    source=Source(bucket="landing", object="cxr/film.dcm", generation=1),
    model=ModelReference(name="m", version="2", digest="d", runtime="onnx", task="classification"),
    findings=[
        Finding(label="viral", probability=0.9, threshold=0.5, positive=True),
        Finding(label="bacterial", probability=0.2, threshold=0.4, positive=False),
    ],
)


def test_only_the_labels_that_were_asked_for_are_shown() -> None:
    found = shown_objects(RESULT, 0.2, labels=["red"])
    assert [one.finding.label for one in found] == ["red", "red"]


def test_a_classifier_is_exported_by_its_labels() -> None:
    assert export_csv(CLASSIFIED, Thresholds()).splitlines() == [
        ",".join(LABEL_COLUMNS),
        "cxr/film.dcm,0,viral,0.9,0.5,true",
        "cxr/film.dcm,0,bacterial,0.2,0.4,false",
    ]
    assert len(export_csv(CLASSIFIED, Thresholds(confidence=0.3)).splitlines()) == 2
    assert len(export_csv(CLASSIFIED, Thresholds(labels=["bacterial"])).splitlines()) == 2


def test_a_classifier_has_no_objects_to_export() -> None:
    with pytest.raises(MessageInvalid, match="holds no objects"):
        export_coco(CLASSIFIED, Thresholds())
    with pytest.raises(MessageInvalid, match="iou: result film is a classifier's"):
        export_csv(CLASSIFIED, Thresholds(iou=0.5))
    with pytest.raises(MessageInvalid, match="holds no objects"):
        export_csv(replace(CLASSIFIED, model=None), Thresholds())


def test_what_a_module_returns_is_exported_as_it_is() -> None:
    assert RESULT.model is not None
    module = replace(RESULT, candidates=None, model=replace(RESULT.model, task="module"))

    def scores(iou: float | None) -> list[float | None]:
        return [one.finding.score for one in shown_objects(module, 0.5, iou)]

    assert scores(iou=None) == [0.9, 0.6, 0.7]
    assert scores(iou=0.3) == [0.9, 0.7]


def test_labels_and_a_frame_choose_what_is_shown_but_not_how_it_is_numbered() -> None:
    def numbers(**chosen: Any) -> list[tuple[int, int]]:
        found = shown_objects(RESULT, confidence=0.2, **chosen)
        return [(one.finding.frame, one.number) for one in found]

    assert numbers() == [(0, 0), (0, 2), (1, 0)]
    assert numbers(labels=["red"]) == [(0, 2), (1, 0)]
    assert numbers(labels=[]) == []
    assert numbers(frame=1) == [(1, 0)]
    assert RESULT.objects_of(0)[2].label == "red"


def test_json_has_the_shown_objects_with_their_numbers_and_counts() -> None:
    plain = to_json(RESULT, shown_objects(RESULT, confidence=0.2, labels=["red"]))

    assert plain["counts"] == {"red": 2}
    assert [(one["object"], one["frame"], one["label"]) for one in plain["objects"]] == [
        (2, 0, "red"),
        (0, 1, "red"),
    ]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"labels": ["blue"]}, "labels: found 'blue', legal are red, white"),
        ({"frame": 2}, "frame: found 2, legal are 0 to 1"),
        ({"frame": -1}, "frame: found -1, legal are 0 to 1"),
    ],
)
def test_what_the_result_does_not_have_is_refused(chosen: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MessageInvalid, match=sentence):
        shown_objects(RESULT, **chosen)
