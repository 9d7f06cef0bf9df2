"""The objects of a result as CSV (RFC 4180) and COCO JSON, at thresholds of the user's choice."""

from __future__ import annotations

import csv
import io
from typing import Any

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.results import Finding, Result
from dropsight.domain.rle import mask_area
from dropsight.domain.suppression import shown

CSV_COLUMNS = ("file", "frame", "label", "score", "x", "y", "width", "height", "mask_area")


def shown_objects(
    result: Result, confidence: float | None = None, iou: float | None = None
) -> list[Finding]:
    """By frame, strongest first. None: the labels' own thresholds, and the model's IoU.

    Raises MessageInvalid for a result without boxes, such as a classifier's.
    """
    if result.candidates is None:
        raise MessageInvalid(
            f"result {result.result_id}: holds no objects; CSV and COCO are made of results of "
            "detection and segmentation, others are exported as JSON"
        )
    threshold = result.candidates.iou if iou is None else iou
    return [result.findings[position] for position in shown(result.findings, confidence, threshold)]


def to_csv(result: Result, objects: list[Finding]) -> str:
    """One line for each object, boxes in source pixels; `mask_area` in pixels, empty without mask.

    A name that a spreadsheet would take for a formula is written after an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    name = _harmless(result.source.object)
    for one in objects:
        area = "" if one.mask is None else mask_area(one.mask)
        box = one.box or []
        writer.writerow([name, one.frame, _harmless(one.label), one.score, *box, area])
    return text.getvalue()


def to_coco(result: Result, objects: list[Finding]) -> dict[str, Any]:
    """COCO's data format (cocodataset.org/#format-data), with the `score` of its results format.

    Each frame is an image; images, categories and annotations are numbered from 1. Categories are
    those labels that the result knows, in the order of model.yaml.
    """
    labels = list(
        dict.fromkeys(
            label for one in result.findings for label in (*(one.probabilities or ()), one.label)
        )
    )
    name = result.source.object
    images = [
        {
            "id": frame + 1,
            "file_name": name if result.frames <= 1 else f"{name}#frame={frame}",
            "width": result.width,
            "height": result.height,
        }
        for frame in range(max(1, result.frames))
    ]
    annotations = []
    for number, one in enumerate(objects, 1):
        box = one.box or [0.0, 0.0, 0.0, 0.0]
        annotation: dict[str, Any] = {
            "id": number,
            "image_id": one.frame + 1,
            "category_id": labels.index(one.label) + 1,
            "bbox": box,
            "area": box[2] * box[3] if one.mask is None else mask_area(one.mask),
            "iscrowd": 0,
            "score": one.score,
        }
        if one.mask is not None:
            annotation["segmentation"] = one.mask
        annotations.append(annotation)
    return {
        "info": {
            "description": f"result {result.result_id}",
            "model": f"{result.model.name} {result.model.version}" if result.model else "",
        },
        "images": images,
        "categories": [
            {"id": number, "name": label, "supercategory": ""}
            for number, label in enumerate(labels, 1)
        ],
        "annotations": annotations,
    }


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
