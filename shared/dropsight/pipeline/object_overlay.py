"""Pictures of boxes and masks: the overlay that detection, segmentation and modules have in the
place of an explanation, and the same at a user's own thresholds, drawn without inference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import MessageInvalid, ObjectGone
from dropsight.domain.exports import check_frame, check_labels, shown_objects
from dropsight.domain.manifests import PALETTE, Manifest
from dropsight.domain.results import Explanation, Finding, Result
from dropsight.imaging.object_overlay import MODES, Mode, Selection, draw_objects
from dropsight.imaging.png import decode_png, encode_png
from dropsight.pipeline.artifacts import display_name
from dropsight.ports import ObjectStore

METHOD = "overlay"
LABEL = "objects"
"""Stands where an explanation names its label: one overlay shows them all."""


def plan_overlays(findings: Sequence[Finding]) -> list[Explanation]:
    """One for each frame where an object is at or above the threshold of its label."""
    frames = {finding.frame for finding in findings if finding.positive}
    return [Explanation(method=METHOD, label=LABEL, frame=frame) for frame in sorted(frames)]


def draw_overlay(
    display: npt.NDArray[np.uint8], findings: Sequence[Finding], manifest: Manifest, frame: int
) -> tuple[bytes, dict[str, Any]]:
    """PNG of the size of `display` in mode 0, and the parameters that it was drawn with.

    Shown are the objects at or above their labels' own thresholds.
    """
    iou = 1.0 if manifest.task == "module" else manifest.candidates.iou
    chosen = Selection(frame=frame, iou=iou)
    names = {label.id: label.display_name() for label in manifest.labels}
    picture = draw_objects(display, findings, manifest.colors, names, chosen)
    parameters = {"mode": chosen.mode, "iou": iou, "objects": len(chosen.of(findings))}
    return encode_png(picture), parameters


def select_objects(
    result: Result,
    mode: int = 0,
    frame: int = 0,
    confidence: float | None = None,
    iou: float | None = None,
    labels: Iterable[str] | None = None,
) -> Selection:
    """What to draw, checked against the result; the values are those of `exports.shown_objects`.

    Raises MessageInvalid: which value, what was found, what is legal.
    """
    shown_objects(result, labels=(), frame=0)  # refuses a result that holds no objects
    for field, value in (("confidence", confidence), ("iou", iou)):
        if value is not None and not 0.0 <= value <= 1.0:
            raise MessageInvalid(f"{field}: found {value:g}, legal are 0 to 1")
    check_frame(result, frame)
    if iou is None:
        iou = 1.0 if result.candidates is None else result.candidates.iou
    wanted = None if labels is None else check_labels(result, labels)
    return Selection(_mode(mode), frame, confidence, iou, wanted)


def read_selection(result: Result, query: Mapping[str, str]) -> Selection:
    """`select_objects` of the text in a query: mode, frame, confidence, iou and labels (a,b).

    What is missing or empty has its default. Raises MessageInvalid.
    """
    labels = query.get("labels")
    return select_objects(
        result,
        mode=int(_number(query, "mode", whole=True) or 0),
        frame=int(_number(query, "frame", whole=True) or 0),
        confidence=_number(query, "confidence"),
        iou=_number(query, "iou"),
        labels=labels.split(",") if labels else None,
    )


def draw_result_overlay(
    objects: ObjectStore, result: Result, manifest: Manifest | None, selection: Selection
) -> bytes:
    """PNG of the size of the source, drawn from what is stored: nothing is inferred.

    `manifest` gives labels their colours and names; where the model is no longer served, they have
    the palette's and their ids. Raises ObjectGone where the picture is not stored any more.
    """
    display = read_display(objects, result, selection.frame)
    ids = dict.fromkeys((*result.labels, *(finding.label for finding in result.findings)))
    colors = {label: PALETTE[at % len(PALETTE)] for at, label in enumerate(ids)}
    names = {label: label for label in ids}
    if manifest is not None:
        colors |= manifest.colors
        names |= {label.id: label.display_name() for label in manifest.labels}
    return encode_png(draw_objects(display, result.findings, colors, names, selection))


def read_display(objects: ObjectStore, result: Result, frame: int) -> npt.NDArray[np.uint8]:
    """The source-sized picture of the frame: (height, width) or (height, width, 3) in RGB.

    Raises ObjectGone.
    """
    shown = result.artifact(display_name(frame))
    if shown is None:
        raise ObjectGone(
            f"artifact {display_name(frame)}: not stored with the result, so there is nothing to "
            "draw on; drop the file again"
        )
    return decode_png(objects.read(shown.bucket, shown.object)).astype(np.uint8, copy=False)


def _mode(mode: int) -> Mode:
    for legal in MODES:
        if mode == legal:
            return legal
    raise MessageInvalid(
        f"mode: found {mode}, legal are 0 (box, label, score, mask), 1 (box, label, score), "
        "2 (label, score, mask) and 3 (masks on black)"
    )


def _number(query: Mapping[str, str], field: str, whole: bool = False) -> float | None:
    text = query.get(field)
    if not text:
        return None
    try:
        return int(text) if whole else float(text)
    except ValueError as error:
        kind = "a whole number" if whole else "a number from 0 to 1"
        raise MessageInvalid(f"{field}: found {text!r}, legal is {kind}") from error
