"""The margins of an overlay: a colour bar to the right, a caption below, in type that fits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from dropsight.imaging.colormap import color_table

PAPER = (16, 18, 22)
INK = (236, 238, 240)
SOFT_INK = (170, 176, 184)
BAR_TITLE = "relative importance"

FIDELITY_PHRASES = {
    "deletion": "deletion AUC {:.2f} (low is good)",
    "insertion": "insertion AUC {:.2f} (high is good)",
    "r2": "surrogate fit R2 {:.2f}",
}


@dataclass(frozen=True)
class Caption:
    """What is written below the image. `label` is the display name, `probability` in [0, 1]."""

    label: str
    probability: float | None
    method: str
    fidelity: Mapping[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        if self.probability is None:
            return self.label
        return f"{self.label}: {self.probability:.1%}"

    @property
    def details(self) -> list[str]:
        """Phrases; a line break may come between any two of them."""
        method = {"lime": "LIME", "grad-cam": "Grad-CAM"}.get(self.method, self.method)
        measured = [
            FIDELITY_PHRASES.get(name, f"{name} {{:.2f}}").format(value)
            for name, value in self.fidelity.items()
        ]
        return [method, *measured]


class Legend:
    """Measures the canvas for an image of `width` x `height` pixels and draws its margins.

    The type grows with the image: about a fortieth of its typical side, never below 11 pixels.
    """

    def __init__(self, width: int, height: int, caption: Caption) -> None:
        self.width = width
        self.height = height
        side = math.sqrt(width * height)
        self.size = max(11, round(min(side / 40, 2.5 * min(width, height) / 40)))
        self.plain = scalable_font(self.size)
        self.large = scalable_font(round(self.size * 1.35))
        self.gap = max(4, round(self.size * 0.7))
        ticks = max(_width(self.plain, text) for text in ("0.75", "1", "0"))
        self.bar_width = max(8, self.size)
        self.strip = math.ceil(3 * self.gap + self.bar_width + ticks + self.gap // 2 + self.size)
        self.canvas_width = max(width + self.strip, 16 * self.size)
        self.body_height = max(height, 6 * self.size)
        column = self.canvas_width - 2 * self.gap
        bar_names_itself = _width(self.plain, BAR_TITLE) <= self._bar_height
        phrases = caption.details if bar_names_itself else [*caption.details, f"bar: {BAR_TITLE}"]
        self.bar_title = BAR_TITLE if bar_names_itself else ""
        self.title_lines = _wrap(caption.title.split(), " ", self.large, column)
        self.detail_lines = _wrap(phrases, "  ·  ", self.plain, column)
        self.canvas_height = self.body_height + self._caption_height

    @property
    def _bar_height(self) -> int:
        return self.body_height - 2 * self._bar_margin

    @property
    def _bar_margin(self) -> int:
        return self.size

    @property
    def _caption_height(self) -> int:
        return math.ceil(
            2 * self.gap
            + len(self.title_lines) * self.size * 1.35 * 1.3
            + len(self.detail_lines) * self.size * 1.4
        )

    def canvas(self) -> npt.NDArray[np.uint8]:
        """uint8 (canvas height, canvas width, 3) in BGR, the place of the image left empty."""
        page = Image.new("RGB", (self.canvas_width, self.canvas_height), PAPER)
        self._draw_bar(page)
        self._draw_caption(ImageDraw.Draw(page))
        return np.ascontiguousarray(np.asarray(page)[..., ::-1])

    def _draw_bar(self, page: Image.Image) -> None:
        draw = ImageDraw.Draw(page)
        left, top = self.width + self.gap, self._bar_margin
        ramp = np.linspace(255, 0, self._bar_height).round().astype(np.uint8)
        colors = np.repeat(color_table()[ramp][:, None, ::-1], self.bar_width, axis=1)
        page.paste(Image.fromarray(np.ascontiguousarray(colors)), (left, top))
        right, bottom = left + self.bar_width, top + self._bar_height - 1
        draw.rectangle((left, top, right - 1, bottom), outline=SOFT_INK)
        quarters = (0.0, 0.25, 0.5, 0.75, 1.0)
        ticks = quarters if self._bar_height >= 8 * self.size else (0.0, 1.0)
        for value in ticks:
            y = bottom - value * (bottom - top)
            draw.line((right, y, right + self.gap // 2, y), fill=SOFT_INK)
            draw.text((right + self.gap, y), f"{value:g}", fill=INK, font=self.plain, anchor="lm")
        if self.bar_title:
            length, rise = math.ceil(_width(self.plain, self.bar_title)), self.size + 2
            turned = Image.new("RGB", (length, rise), PAPER)
            ImageDraw.Draw(turned).text(
                (0, rise / 2), self.bar_title, fill=SOFT_INK, font=self.plain, anchor="lm"
            )
            turned = turned.rotate(90, expand=True)
            x = self.width + self.strip - self.gap // 2 - rise
            page.paste(turned, (x, top + (self._bar_height - length) // 2))

    def _draw_caption(self, draw: ImageDraw.ImageDraw) -> None:
        y = self.body_height + self.gap
        for line in self.title_lines:
            draw.text((self.gap, y), line, fill=INK, font=self.large)
            y += round(self.size * 1.35 * 1.3)
        for line in self.detail_lines:
            draw.text((self.gap, y), line, fill=SOFT_INK, font=self.plain)
            y += round(self.size * 1.4)


def scalable_font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own typeface at `size` pixels."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType, which scalable text needs")
    return font


def _width(font: ImageFont.FreeTypeFont, text: str) -> float:
    return font.getlength(text)


def _wrap(phrases: list[str], joint: str, font: ImageFont.FreeTypeFont, column: int) -> list[str]:
    """Fill lines of at most `column` pixels; a phrase that is longer is cut between characters."""
    lines: list[str] = []
    line = ""
    for phrase in phrases:
        longer = f"{line}{joint}{phrase}" if line else phrase
        if _width(font, longer) <= column:
            line = longer
            continue
        if line:
            lines.append(line)
        line = phrase
        while _width(font, line) > column and len(line) > 1:
            fits = next(
                n for n in range(len(line) - 1, 0, -1) if n == 1 or _width(font, line[:n]) <= column
            )
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line else lines
