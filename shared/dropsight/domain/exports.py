"""A result as CSV (RFC 4180), COCO JSON or plain JSON, at thresholds of the user's choice.

"Nothing found" is a result: a table with its header alone, and a COCO file whose images and
categories say what was looked at and for what.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.results import Finding, Result
from dropsight.domain.rle import mask_area
from dropsight.domain.suppression import shown
from dropsight.domain.wire import to_plain

CSV_COLUMNS = (
    "file",
    "frame",
    "label",
    "score",
    "x",
    "y",
    "width",
    "height",
    "mask_area",
    "object",
)
LABEL_COLUMNS = ("file", "frame", "label", "probability", "threshold", "positive")
"""Of a classifier's result."""


@dataclass(frozen=True)
class ShownObject:
    """One object that is shown; `number` is its place in `Result.objects_of(finding.frame)`."""

    number: int
    finding: Finding


@dataclass(frozen=True)
class Thresholds:
    """What a user has moved, or None for what the model says."""

    confidence: float | None = None
    """Lowest score of an object, lowest probability of a classifier's label, in [0, 1]."""
    iou: float | None = None
    """Objects of one label that overlap more than this are one: the stronger. In [0, 1]."""
    labels: Iterable[str] | None = None
    """Only these."""
    frame: int | None = None
    """Only this one, from 0."""


def export_csv(result: Result, chosen: Thresholds) -> str:
    """The objects of `result`; of a classifier its labels, all of them if no confidence is given.

    Raises MessageInvalid for what the result does not have.
    """
    if result.holds_objects or result.model is None:
        return to_csv(result, _chosen_objects(result, chosen))
    if chosen.iou is not None:
        raise MessageInvalid(
            f"iou: result {result.result_id} is a classifier's and holds no boxes; leave it out"
        )
    wanted = None if chosen.labels is None else check_labels(result, chosen.labels)
    if chosen.frame is not None:
        check_frame(result, chosen.frame)
    return labels_to_csv(
        result,
        [
            one
            for one in result.findings
            if one.probability >= (chosen.confidence or 0.0)
            and (wanted is None or one.label in wanted)
            and chosen.frame in (None, one.frame)
        ],
    )


def export_coco(result: Result, chosen: Thresholds) -> dict[str, Any]:
    """The objects of `result`. Raises MessageInvalid for a result without boxes."""
    return to_coco(result, _chosen_objects(result, chosen))


def export_json(result: Result, chosen: Thresholds) -> dict[str, Any]:
    """The objects of `result`. Raises MessageInvalid for a result without boxes."""
    return to_json(result, _chosen_objects(result, chosen))


def _chosen_objects(result: Result, chosen: Thresholds) -> list[ShownObject]:
    return shown_objects(result, chosen.confidence, chosen.iou, chosen.labels, chosen.frame)


def shown_objects(
    result: Result,
    confidence: float | None = None,
    iou: float | None = None,
    labels: Iterable[str] | None = None,
    frame: int | None = None,
) -> list[ShownObject]:
    """By frame, strongest first.

    confidence, iou
        None: the labels' own thresholds, and the model's IoU. A module suppresses by itself, so
        without an `iou` nothing of it is suppressed here.
    labels
        Ids of the labels that are shown; None shows all.
    frame
        The one frame that is shown, from 0; None shows all.

    Raises MessageInvalid for a result without boxes, such as a classifier's, and for labels and
    frames that the result does not have.
    """
    if not result.holds_objects:
        raise MessageInvalid(
            f"result {result.result_id}: holds no objects; boxes are drawn, chosen and exported as "
            "COCO for detection, segmentation and modules, a classifier's result is exported as "
            "CSV or JSON as a whole"
        )
    wanted = None if labels is None else check_labels(result, labels)
    if frame is not None:
        check_frame(result, frame)
    if iou is None:
        iou = 1.0 if result.candidates is None else result.candidates.iou
    return [
        one
        for one in _numbered(result, shown(result.findings, confidence, iou))
        if (wanted is None or one.finding.label in wanted)
        and (frame is None or one.finding.frame == frame)
    ]


def check_labels(result: Result, labels: Iterable[str]) -> frozenset[str]:
    """Raises MessageInvalid for an id that is no label of the model."""
    wanted, known = frozenset(labels), result.labels
    for label in sorted(wanted - set(known)):
        legal = ", ".join(known) or "none, as nothing was found"
        raise MessageInvalid(f"labels: found {label!r}, legal are {legal}")
    return wanted


def check_frame(result: Result, frame: int) -> None:
    """Raises MessageInvalid for a frame that the upload does not have."""
    if not 0 <= frame < max(1, result.frames):
        raise MessageInvalid(
            f"frame: found {frame}, legal are 0 to {max(1, result.frames) - 1}: the file has "
            f"{result.frames} frames, counted from 0"
        )


def _numbered(result: Result, positions: Sequence[int]) -> list[ShownObject]:
    numbers: dict[int, int] = {}
    seen: Counter[int] = Counter()
    for position, finding in enumerate(result.findings):
        if finding.box is not None:
            numbers[position] = seen[finding.frame]
            seen[finding.frame] += 1
    return [ShownObject(numbers[at], result.findings[at]) for at in positions]


def label_counts(objects: Iterable[ShownObject]) -> dict[str, int]:
    """The distinct labels that were found, the most frequent first, with their numbers."""
    counts = Counter(one.finding.label for one in objects)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def to_csv(result: Result, objects: Iterable[ShownObject]) -> str:
    """One line for each object, boxes in source pixels; `mask_area` in pixels, empty without mask.

    A name that a spreadsheet would take for a formula is written after an apostrophe.
    """
    name = _harmless(result.source.object)
    rows = []
    for shown_one in objects:
        one = shown_one.finding
        area = "" if one.mask is None else mask_area(one.mask)
        label = _harmless(one.label)
        rows.append(
            [name, one.frame, label, one.score, *(one.box or []), area, shown_one.number],
        )
    return _table(CSV_COLUMNS, rows)


def labels_to_csv(result: Result, findings: Iterable[Finding]) -> str:
    """One line for each finding of a classifier: a label of a frame."""
    name = _harmless(result.source.object)
    rows = []
    for one in findings:
        positive = "" if one.positive is None else str(one.positive).lower()
        label = _harmless(one.label)
        rows.append([name, one.frame, label, one.probability, one.threshold, positive])
    return _table(LABEL_COLUMNS, rows)


def to_json(result: Result, objects: Sequence[ShownObject]) -> dict[str, Any]:
    """What is shown, with what it was found in; the fields are those of the result document."""
    return {
        "resultId": result.result_id,
        "file": result.source.object,
        "model": _model(result),
        "frames": result.frames,
        "width": result.width,
        "height": result.height,
        "counts": label_counts(objects),
        "objects": [{"object": one.number, **to_plain(one.finding)} for one in objects],
    }


def to_coco(result: Result, objects: Sequence[ShownObject]) -> dict[str, Any]:
    """COCO's data format (cocodataset.org/#format-data), with the `score` of its results format.

    Each frame is an image; images, categories and annotations are numbered from 1. Categories are
    all labels of the model in the order of model.yaml, found or not. `object` of an annotation is
    the object's number in its frame, `info.counts` how many there are of each label.
    """
    labels = result.labels
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
    for number, shown_one in enumerate(objects, 1):
        one = shown_one.finding
        box = one.box or [0.0, 0.0, 0.0, 0.0]
        annotation: dict[str, Any] = {
            "id": number,
            "image_id": one.frame + 1,
            "category_id": labels.index(one.label) + 1,
            "bbox": box,
            "area": box[2] * box[3] if one.mask is None else mask_area(one.mask),
            "iscrowd": 0,
            "score": one.score,
            "object": shown_one.number,
        }
        if one.mask is not None:
            annotation["segmentation"] = one.mask
        annotations.append(annotation)
    return {
        "info": {
            "description": f"result {result.result_id}",
            "model": _model(result),
            "counts": label_counts(objects),
        },
        "images": images,
        "categories": [
            {"id": number, "name": label, "supercategory": ""}
            for number, label in enumerate(labels, 1)
        ],
        "annotations": annotations,
    }


def _model(result: Result) -> str:
    return f"{result.model.name} {result.model.version}" if result.model else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
