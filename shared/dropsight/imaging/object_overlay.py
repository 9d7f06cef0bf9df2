"""Boxes, masks, labels and scores drawn on the picture that they were found in.

    mode 0   box, label, score and mask
    mode 1   box, label and score
    mode 2   label, score and mask
    mode 3   the masks alone, on black

What has no mask (detection) is drawn without one, so mode 3 of it is black. Which objects are drawn
is decided by `dropsight.domain.suppression`. The strongest lies on top.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from dropsight.domain.results import Finding
from dropsight.domain.rle import decode_mask
from dropsight.domain.suppression import shown
from dropsight.imaging.legend import scalable_font

Display = npt.NDArray[np.uint8]
Mode = Literal[0, 1, 2, 3]
Color = tuple[int, int, int]
Place = tuple[int, int, int, int]

MASK_ALPHA = 0.4
SMALLEST_TYPE = 8
DARK, LIGHT = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Selection:
    """Which objects of one frame are drawn, and how."""

    mode: Mode = 0
    frame: int = 0
    confidence: float = 0.1
    iou: float = 0.45
    labels: frozenset[str] | None = None
    """Ids of the labels that are drawn; None draws all."""

    def of(self, findings: Sequence[Finding]) -> list[Finding]:
        """Strongest first."""
        here = [
            finding
            for finding in findings
            if finding.frame == self.frame and (self.labels is None or finding.label in self.labels)
        ]
        return [here[position] for position in shown(here, self.confidence, self.iou)]


def draw_objects(
    display: Display,
    findings: Sequence[Finding],
    colors: Mapping[str, str],
    names: Mapping[str, str],
    selection: Selection,
) -> Display:
    """A new picture of the size of `display`: uint8 (height, width, 3) in RGB.

    display
        uint8, (height, width) or (height, width, 3) in RGB: the source-sized picture of the frame.
    colors, names
        `#rrggbb` and display name of each label, by id.
    """
    strongest_first = selection.of(findings)
    drawn = strongest_first[::-1]
    if selection.mode == 3:
        canvas = np.zeros((*display.shape[:2], 3), np.uint8)
    elif display.ndim == 2:
        canvas = np.repeat(display[..., None], 3, axis=2)
    else:
        canvas = display.copy()
    pen = _Pen(canvas.shape[1], canvas.shape[0])
    if selection.mode != 1:
        for finding in drawn:
            _paint_mask(canvas, finding, _rgb(colors[finding.label]), selection.mode, pen.line)
    if selection.mode == 3:
        return canvas
    page = Image.fromarray(canvas)
    draw = ImageDraw.Draw(page)
    if selection.mode in (0, 1):
        for finding in drawn:
            pen.box(draw, finding, _rgb(colors[finding.label]))
    texts = [f"{names[finding.label]} {finding.score or 0.0:.2f}" for finding in strongest_first]
    labels = pen.labels(strongest_first, texts)
    for finding, label in zip(drawn, labels[::-1], strict=False):
        pen.label(draw, label, _rgb(colors[finding.label]))
    return np.asarray(page)


@dataclass(frozen=True)
class _Label:
    """A text, and the pixels (left, top, right, bottom), the last two exclusive, of its ground."""

    text: str
    font: ImageFont.FreeTypeFont
    place: Place


class _Pen:
    """Lines and type in proportion to a picture of `width` x `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        side = math.sqrt(width * height)
        self.width, self.height = width, height
        self.line = max(1, round(side / 280))
        self.size = min(max(11, round(side / 50)), min(width, height) // 4)

    def box(self, draw: ImageDraw.ImageDraw, finding: Finding, color: Color) -> None:
        """A coloured frame with a thin dark one around it, seen on any ground.

        Frames of small objects are thin, so that the object within stays to be seen.
        """
        left, top, right, bottom = self._corners(finding)
        line = max(1, min(self.line, (min(right - left, bottom - top) + 1) // 12))
        if line > 1:
            rim = (left - 1, top - 1, right + 1, bottom + 1)
            draw.rectangle(rim, outline=DARK, width=line + 2)
        draw.rectangle((left, top, right, bottom), outline=color, width=line)

    def labels(self, findings: Sequence[Finding], texts: Sequence[str]) -> list[_Label]:
        """Above each box where there is room, else below, beside or within it.

        Never over the edge of the picture, and where possible over no other object and no label of
        an earlier one. A picture that is too small for readable type has none.
        """
        if self.size < SMALLEST_TYPE:
            return []
        boxes = [self._corners(finding) for finding in findings]
        areas = [(left, top, right + 1, bottom + 1) for left, top, right, bottom in boxes]
        labels: list[_Label] = []
        for at, text in enumerate(texts):
            font, fitting = self._fitting(text)
            across = min(math.ceil(font.getlength(fitting)) + 2 * max(1, self.line), self.width)
            rise = min(math.ceil(font.size * 1.25), self.height)
            taken = areas[:at] + areas[at + 1 :] + [label.place for label in labels]
            places = self._places(areas[at], across, rise)
            best = min(places, key=lambda place: sum(_common(place, other) for other in taken))
            labels.append(_Label(fitting, font, best))
        return labels

    def label(self, draw: ImageDraw.ImageDraw, label: _Label, color: Color) -> None:
        """Dark or light type on a ground of the label's colour."""
        left, top, right, bottom = label.place
        draw.rectangle((left, top, right - 1, bottom - 1), fill=color)
        ink = DARK if 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 110 else LIGHT
        at = (left + max(1, self.line), (top + bottom) / 2)
        draw.text(at, label.text, fill=ink, font=label.font, anchor="lm")

    def _places(self, area: Place, across: int, rise: int) -> list[Place]:
        """Where a label of this size may be, the best first."""
        left, top, right, bottom = area
        x = min(left, self.width - across)
        beside = min(top, self.height - rise)
        corners = [
            (x, top - rise),
            (x, bottom),
            (right, beside),
            (left - across, beside),
            (x, beside),
        ]
        return [
            (at_x, at_y, at_x + across, at_y + rise)
            for at_x, at_y in corners
            if 0 <= at_x <= self.width - across and 0 <= at_y <= self.height - rise
        ]

    def _fitting(self, text: str) -> tuple[ImageFont.FreeTypeFont, str]:
        """Smaller type for a narrow picture, and below a readable size the beginning alone."""
        room = self.width - 2 * max(1, self.line)
        font = scalable_font(self.size)
        if font.getlength(text) > room:
            smaller = int(self.size * room / font.getlength(text))
            font = scalable_font(max(SMALLEST_TYPE, smaller))
        while len(text) > 1 and font.getlength(text) > room:
            text = text[:-1]
        return font, text

    def _corners(self, finding: Finding) -> tuple[int, int, int, int]:
        """Outermost pixels of the box, within the picture."""
        x, y, width, height = finding.box or (0.0, 0.0, 0.0, 0.0)
        left = min(math.floor(x), self.width - 1)
        top = min(math.floor(y), self.height - 1)
        right = min(max(math.ceil(x + width) - 1, left), self.width - 1)
        bottom = min(max(math.ceil(y + height) - 1, top), self.height - 1)
        return left, top, right, bottom


def _common(one: Place, other: Place) -> int:
    """Pixels of both."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(across, 0) * max(down, 0)


def _paint_mask(canvas: Display, finding: Finding, color: Color, mode: Mode, line: int) -> None:
    """A veil in the label's colour with a firm edge; on black the full colour with a dark edge."""
    if finding.mask is None:
        return
    mask = decode_mask(finding.mask)
    if mask.shape != canvas.shape[:2]:
        raise ValueError(f"a mask of {mask.shape} for a picture of {canvas.shape[:2]}")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    inside = mask[part].astype(np.uint8)
    # A border of zeros, so that the edge of the part counts as an edge of the mask.
    core = cv2.erode(np.pad(inside, 1), np.ones((3, 3), np.uint8), iterations=max(1, line // 2))
    edge = (inside == 1) & (core[1:-1, 1:-1] == 0)
    area, paint = canvas[part], np.array(color, np.float32)
    if mode == 3:
        area[inside == 1] = color
        area[edge] = np.rint(paint * 0.45)
        return
    veiled = area * (1.0 - MASK_ALPHA) + paint * MASK_ALPHA
    area[inside == 1] = np.rint(veiled)[inside == 1]
    area[edge] = color


def _rgb(color: str) -> Color:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
