"""What `dropsight results ID` writes out: the document, the shown objects, or a picture of them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from dropsight.cli.errors import WrongUsage
from dropsight.domain.results import Result

CHOICES = ("labels", "confidence", "iou", "frame")
"""Options that choose objects."""


def add_options(parser: argparse.ArgumentParser, form: argparse._MutuallyExclusiveGroup) -> None:
    """The forms of an export, and what chooses the objects in it."""
    form.add_argument("--csv", action="store_true", help="print one result as CSV")
    form.add_argument("--coco", action="store_true", help="print its objects as COCO JSON")
    form.add_argument(
        "--overlay",
        type=int,
        choices=range(4),
        metavar="MODE",
        help="draw its objects: 0 box, label, score and mask; 1 without mask; 2 without box; "
        "3 masks on black",
    )
    parser.add_argument(
        "--labels", metavar="A,B", help="only objects of these labels (default: all)"
    )
    parser.add_argument(
        "--confidence",
        type=share,
        metavar="C",
        help="the lowest score that is shown (default: the labels' own thresholds)",
    )
    parser.add_argument(
        "--iou",
        type=share,
        metavar="I",
        help="the largest overlap of two objects of a label (default: the model's)",
    )
    parser.add_argument(
        "--frame", type=int, metavar="F", help="only this frame, from 0 (default: all; drawn: 0)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write here, and not to stdout (a picture: must)"
    )


def check_options(options: argparse.Namespace) -> None:
    """Raises WrongUsage for options that would say nothing."""
    exports = options.csv or options.coco or options.overlay is not None
    chosen = [f"--{name}" for name in CHOICES if getattr(options, name) is not None]
    if exports and options.id is None:
        raise WrongUsage("--csv, --coco, --overlay: missing the ID of the result that is meant")
    if chosen and not (exports or (options.json and options.id is not None)):
        raise WrongUsage(
            f"{', '.join(chosen)}: go with --csv, --coco, --json or --overlay of one result only"
        )
    if options.out is not None and not (exports or options.json):
        raise WrongUsage("--out: goes with --json, --csv, --coco or --overlay only")
    if options.overlay is not None and options.out is None:
        raise WrongUsage("--overlay: missing --out FILE for the picture, a PNG")


def exported(result: Result, options: argparse.Namespace) -> str:
    """Text of --csv, --coco or --json. Raises MessageInvalid."""
    from dropsight.domain.exports import Thresholds, export_coco, export_csv, export_json
    from dropsight.domain.wire import to_plain

    chosen = Thresholds(options.confidence, options.iou, _labels(options), options.frame)
    if options.csv:
        return export_csv(result, chosen)
    if options.coco:
        return indented(export_coco(result, chosen))
    if chosen == Thresholds():
        return indented(to_plain(result))
    return indented(export_json(result, chosen))


def drawn(result: Result, options: argparse.Namespace, objects: Any, manifest: Any) -> bytes:
    """PNG of --overlay. Raises MessageInvalid, ObjectGone."""
    from dropsight.pipeline.object_overlay import draw_result_overlay, select_objects

    selection = select_objects(
        result,
        options.overlay,
        options.frame or 0,
        options.confidence,
        options.iou,
        _labels(options),
    )
    return draw_result_overlay(objects, result, manifest, selection)


def indented(plain: Any) -> str:
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def give(content: str | bytes, out: Path | None) -> None:
    """To the file, or to stdout."""
    if out is None:
        sys.stdout.write(content if isinstance(content, str) else content.decode())
    else:
        out.write_bytes(content.encode() if isinstance(content, str) else content)


def share(text: str) -> float:
    """A number from 0 to 1 on the command line."""
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"found {text}, legal are 0 to 1")
    return value


def _labels(options: argparse.Namespace) -> list[str] | None:
    return None if options.labels is None else [one for one in options.labels.split(",") if one]
