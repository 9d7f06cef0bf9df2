"""Boxes, masks, labels and scores drawn on the picture that they were found in.

    mode 0   box, label, score and mask
    mode 1   box, label and score
    mode 2   label, score and mask
    mode 3   the masks alone, on black

What has no mask (detection) is drawn without one, so mode 3 of it is black. Which objects are drawn
is decided by `dropsight.domain.suppression`. The strongest lies on top, and its label is the first
to be given a place (`label_layout`). Beside boxes, labels are left out altogether where they are
many and would hide the picture.
"""

from __future__ import annotations

import functools
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
from dropsight.imaging.label_layout import Corners, place_labels
from dropsight.imaging.legend import scalable_font

Display = npt.NDArray[np.uint8]
Mode = Literal[0, 1, 2, 3]
MODES: tuple[Mode, ...] = (0, 1, 2, 3)
Color = tuple[int, int, int]

MASK_ALPHA = 0.4
FEW = 12
"""So many labels are drawn whatever they hide."""
HIDDEN = 0.25
"""Share of the picture that more labels may cover."""
SMALLEST_TYPE = 8
THINNEST = 6
"""Lines are at most this part of the shorter side of their box."""
DARK, LIGHT = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True)
class Selection:
    """Which objects of one frame are drawn, and how."""

    mode: Mode = 0
    frame: int = 0
    confidence: float | None = None
    """The lowest score; None is each label's own threshold (`Finding.threshold`)."""
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
    drawn = selection.of(findings)[::-1]
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
    if not drawn:
        return canvas
    page = Image.fromarray(canvas)
    draw = ImageDraw.Draw(page)
    if selection.mode in (0, 1):
        for finding in drawn:
            pen.box(draw, finding, _rgb(colors[finding.label]))
    texts = [f"{names[finding.label]} {finding.score or 0.0:.2f}" for finding in drawn]
    if selection.mode == 2 or pen.leaves_picture(texts):
        pen.labels(draw, drawn, texts, [_rgb(colors[finding.label]) for finding in drawn])
    return np.asarray(page)


def draw_box(display: Display, finding: Finding, color: str) -> Display:
    """A new picture with the box of one object; uint8 (height, width, 3) in RGB."""
    canvas = np.repeat(display[..., None], 3, axis=2) if display.ndim == 2 else display
    page = Image.fromarray(canvas)
    _Pen(page.width, page.height).box(ImageDraw.Draw(page), finding, _rgb(color))
    return np.asarray(page)


class _Pen:
    """Lines and type in proportion to a picture of `width` x `height` pixels."""

    def __init__(self, width: int, height: int) -> None:
        side = math.sqrt(width * height)
        self.width, self.height = width, height
        self.line = max(1, round(side / 280))
        self.size = min(max(11, round(side / 50)), min(width, height) // 4)

    def box(self, draw: ImageDraw.ImageDraw, finding: Finding, color: Color) -> None:
        """A coloured frame with a thin dark one around it, seen on any ground.

        A small object has thinner lines, so that they do not cover it.
        """
        left, top, right, bottom = self._corners(finding)
        line = min(self.line, max(1, min(right - left, bottom - top) // THINNEST))
        rim = max(1, line // 4)
        around = (left - rim, top - rim, right + rim, bottom + rim)
        draw.rectangle(around, outline=DARK, width=rim)
        draw.rectangle((left, top, right, bottom), outline=color, width=line)

    def leaves_picture(self, texts: Sequence[str]) -> bool:
        """Whether labels with these texts are few, or cover little."""
        if len(texts) <= FEW:
            return True
        covered = sum(self._fitting(text)[0].getlength(text) for text in texts) * self.size * 1.25
        return covered <= HIDDEN * self.width * self.height

    def labels(
        self,
        draw: ImageDraw.ImageDraw,
        findings: Sequence[Finding],
        texts: Sequence[str],
        colors: Sequence[Color],
    ) -> None:
        """Where `label_layout` finds room for them; the last of `findings` has the right of way.

        A picture that is too small for readable type has none.
        """
        if self.size < SMALLEST_TYPE:
            return
        pad = max(1, self.line)
        fitted = [self._fitting(text) for text in reversed(texts)]
        sizes = [
            (
                min(math.ceil(font.getlength(text)) + 2 * pad, self.width),
                min(math.ceil(font.size * 1.25), self.height),
            )
            for font, text in fitted
        ]
        corners: Corners = np.array([self._corners(one) for one in reversed(findings)], np.int64)
        corners[:, 2:] += 1
        places = place_labels(sizes, corners, self.width, self.height)
        for place, (across, rise), (font, text), color in zip(
            places, sizes, fitted, reversed(colors), strict=True
        ):
            if place is None:
                continue
            x, y = place
            draw.rectangle((x, y, x + across - 1, y + rise - 1), fill=color)
            draw.text((x + pad, y + rise / 2), text, fill=_ink(color), font=font, anchor="lm")

    def _fitting(self, text: str) -> tuple[ImageFont.FreeTypeFont, str]:
        """Smaller type for a narrow picture, and below a readable size the beginning alone."""
        room = self.width - 2 * max(1, self.line)
        font = _font(self.size)
        if font.getlength(text) > room:
            smaller = int(self.size * room / font.getlength(text))
            font = _font(max(SMALLEST_TYPE, smaller))
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


def _paint_mask(canvas: Display, finding: Finding, color: Color, mode: Mode, line: int) -> None:
    """A veil in the label's colour with a firm edge; on black the full colour with a dark edge."""
    if finding.mask is None:
        return
    if tuple(finding.mask["size"]) != canvas.shape[:2]:
        raise ValueError(
            f"a mask of {tuple(finding.mask['size'])} for a picture of {canvas.shape[:2]}"
        )
    mask = decode_mask(finding.mask)
    # Nothing is set outside of the box (`masks.paste_mask`), and most pictures are far larger.
    x, y, width, height = finding.box or (0, 0, mask.shape[1], mask.shape[0])
    part = (slice(math.floor(y), math.ceil(y + height)), slice(math.floor(x), math.ceil(x + width)))
    if not mask[part].any():
        return
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


@functools.lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Opened once, and not for each of a thousand labels."""
    return scalable_font(size)


def _ink(color: Color) -> Color:
    """Black or white, whichever has the higher contrast on `color` (WCAG 2.1, 1.4.3)."""
    shares = [channel / 255 for channel in color]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return DARK if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else LIGHT


def _rgb(color: str) -> Color:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
