"""The picture of a simulated load: four curves over time, as SVG.

Written here and not by a plotting library: four step curves are a page of code, the base install
stays free of one, and the same outcome gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Okabe and Ito's, told apart by everybody."""
DASHES = ("", "6 3", "2 3", "8 3 2 3")
WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 760, 130, 70, 20, 56, 48
STEPS = (1.0, 2.0, 5.0, 10.0)
SECONDS_OF = (("h", 3600.0), ("min", 60.0), ("s", 1.0))


@dataclass(frozen=True)
class Curve:
    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Panel:
    title: str
    curves: Sequence[Curve]
    is_seconds: bool = False


def draw(title: str, subtitle: str, at_s: Sequence[float], panels: Sequence[Panel]) -> str:
    """SVG, UTF-8 text. All curves have one value for each of `at_s`, which rises."""
    height = TOP + len(panels) * (PANEL + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12" fill="#222" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="{LEFT}" y="37" fill="#555">{escape(subtitle)}</text>',
    ]
    end = max(at_s[-1], 1e-9)
    for place, panel in enumerate(panels):
        parts += _panel(panel, TOP + 14 + place * (PANEL + GAP), at_s, end)
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, top: float, at_s: Sequence[float], end: float) -> list[str]:
    most = max((max(curve.values) for curve in panel.curves), default=0.0)
    ticks = _ticks(most, panel.is_seconds)
    highest = ticks[-1]
    right, bottom = WIDTH - RIGHT, top + PANEL

    def y(value: float) -> float:
        return bottom - value / highest * PANEL

    parts = [f'<text x="{LEFT}" y="{top - 6:.0f}" font-weight="bold">{escape(panel.title)}</text>']
    parts += _legend(panel.curves, top - 6)
    for tick in ticks:
        label = _duration(tick) if panel.is_seconds else f"{tick:,.6g}"
        parts += [
            f'<path d="M{LEFT} {y(tick):.1f}H{right}" stroke="#ddd"/>',
            f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{label}</text>',
        ]
    for tick in _ticks(end, True):
        if tick <= end:
            x = LEFT + tick / end * (right - LEFT)
            parts += [
                f'<path d="M{x:.1f} {bottom:.0f}v4" stroke="#888"/>',
                f'<text x="{x:.1f}" y="{bottom + 16:.0f}" text-anchor="middle">'
                f"{_duration(tick)}</text>",
            ]
    for place, curve in enumerate(panel.curves):
        points = [
            (LEFT + at / end * (right - LEFT), y(value))
            for at, value in zip(at_s, curve.values, strict=True)
        ]
        parts.append(
            f'<path d="{_line(points)}" fill="none" stroke="{COLOURS[place % 4]}" '
            f'stroke-width="1.8" stroke-dasharray="{DASHES[place % 4]}"/>'
        )
    return parts


def _legend(curves: Sequence[Curve], y: float) -> list[str]:
    if len(curves) < 2:
        return []
    parts = []
    x = WIDTH - RIGHT
    for place, curve in reversed(list(enumerate(curves))):
        x -= 7 * len(curve.name) + 34
        parts += [
            f'<path d="M{x} {y - 4:.0f}h22" stroke="{COLOURS[place % 4]}" stroke-width="2.2" '
            f'stroke-dasharray="{DASHES[place % 4]}"/>',
            f'<text x="{x + 26}" y="{y:.0f}">{escape(curve.name)}</text>',
        ]
    return parts


def _line(points: Sequence[tuple[float, float]]) -> str:
    """A path through the points, those left out that lie on a straight level."""
    kept = [
        point
        for at, point in enumerate(points)
        if at in (0, len(points) - 1)
        or not round(points[at - 1][1], 1) == round(point[1], 1) == round(points[at + 1][1], 1)
    ]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept)


def _ticks(most: float, is_seconds: bool) -> list[float]:
    """Round numbers from 0 up to at least `most`."""
    if most <= 0:
        return [0.0, 1.0]
    unit = 1.0
    if is_seconds:
        unit = next(seconds for _, seconds in SECONDS_OF if most >= 2 * seconds or seconds == 1.0)
    rough = most / unit / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one for one in STEPS if one * power >= rough * 0.999) * power * unit
    return [step * index for index in range(math.ceil(most / step - 1e-9) + 1)]


def _duration(seconds: float) -> str:
    for name, size in SECONDS_OF:
        if seconds >= 2 * size:
            return f"{seconds / size:g} {name}"
    return f"{seconds:g} s"
