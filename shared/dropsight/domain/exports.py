"""A result as CSV (RFC 4180) and COCO JSON, at thresholds of the user's choice."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.results import Finding, Result
from dropsight.domain.rle import mask_area
from dropsight.domain.suppression import shown

CSV_COLUMNS = ("file", "frame", "label", "score", "x", "y", "width", "height", "mask_area")
LABEL_COLUMNS = ("file", "frame", "label", "probability", "threshold", "positive")
NOTHING_SUPPRESSED = 1.0
"""An IoU that no two boxes exceed: what a module returns is shown as it is."""
OBJECT_TASKS = ("detection", "segmentation", "module")


@dataclass(frozen=True)
class Thresholds:
    """What a user has moved, or None for what the model says."""

    confidence: float | None = None
    """Lowest score of an object, lowest probability of a classifier's label, in [0, 1]."""
    iou: float | None = None
    """Objects of one label that overlap more than this are one: the stronger. In [0, 1]."""
    labels: Collection[str] | None = None
    """Only these."""


def export_csv(result: Result, chosen: Thresholds) -> str:
    """The objects of `result`; of a classifier its labels, all of them if no confidence is given.

    Raises MessageInvalid for a result that has neither.
    """
    if result.model is None or result.model.task != "classification":
        return to_csv(result, shown_objects(result, chosen.confidence, chosen.iou, chosen.labels))
    if chosen.iou is not None:
        raise MessageInvalid(
            f"iou: result {result.result_id} is a classifier's and holds no boxes; leave it out"
        )
    least = chosen.confidence or 0.0
    return _labels_to_csv(
        result,
        [
            one
            for one in result.findings
            if one.probability >= least and _is_asked_for(one, chosen.labels)
        ],
    )


def export_coco(result: Result, chosen: Thresholds) -> dict[str, Any]:
    """The objects of `result`. Raises MessageInvalid for a result without boxes."""
    return to_coco(result, shown_objects(result, chosen.confidence, chosen.iou, chosen.labels))


def shown_objects(
    result: Result,
    confidence: float | None = None,
    iou: float | None = None,
    labels: Collection[str] | None = None,
) -> list[Finding]:
    """By frame, strongest first. None: the labels' own thresholds, the model's IoU, all labels.

    Raises MessageInvalid for a result without boxes, such as a classifier's.
    """
    if result.candidates is None and (
        result.model is None or result.model.task not in OBJECT_TASKS
    ):
        raise MessageInvalid(
            f"result {result.result_id}: holds no objects; COCO, and CSV of boxes, are made of "
            f"results of {', '.join(OBJECT_TASKS)}, others are exported as JSON"
        )
    models_own = result.candidates.iou if result.candidates else NOTHING_SUPPRESSED
    threshold = models_own if iou is None else iou
    objects = [
        result.findings[position] for position in shown(result.findings, confidence, threshold)
    ]
    return [one for one in objects if _is_asked_for(one, labels)]


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


def _labels_to_csv(result: Result, findings: Iterable[Finding]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(LABEL_COLUMNS)
    name = _harmless(result.source.object)
    for one in findings:
        positive = "" if one.positive is None else str(one.positive).lower()
        writer.writerow(
            [name, one.frame, _harmless(one.label), one.probability, one.threshold, positive]
        )
    return text.getvalue()


def _is_asked_for(finding: Finding, labels: Collection[str] | None) -> bool:
    return labels is None or finding.label in labels


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
