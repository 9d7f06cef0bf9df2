"""A drawn chest: no person, no recording. Plausible enough to run through every step."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 880, 1024
FULL_SCALE = 4095

Plane = npt.NDArray[np.float32]

SIDES = (-1, 1)
"""Left and right of the picture, as seen by the viewer."""


def draw_chest(seed: int = 7) -> npt.NDArray[np.uint16]:
    """A frontal chest phantom with an opacity in the lung on the left of the picture.

    Returns uint16, shape (1024, 880), 12 bits (0..4095), brighter is denser (MONOCHROME2). The
    same seed gives the same picture.
    """
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    x = (x - WIDTH / 2) / (WIDTH / 2)  # -1..1 across
    y = y / HEIGHT  # 0..1 down

    lungs = np.maximum(_lung(x, y, SIDES[0]), _lung(x, y, SIDES[1]))
    density = 0.55 * _body(x, y)
    density -= 0.42 * lungs * (0.85 + 0.15 * _texture(random, 24))
    density += 0.10 * lungs * _vessels(random, x, y)
    density += 0.30 * _heart(x, y) + 0.22 * _spine(x, y)
    density += 0.085 * _ribs() * _body(x, y) + 0.13 * _clavicles()
    density += 0.20 * _opacity(x, y) * lungs * (0.75 + 0.25 * _texture(random, 40))
    density += 0.012 * random.standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    density = cv2.GaussianBlur(density, (0, 0), 1.1)
    scaled = np.clip(density / 1.05, 0.0, 1.0) * 0.92 + 0.02
    return np.asarray(np.rint(scaled * FULL_SCALE), dtype=np.uint16)


def _soft(distance: Plane, edge: float) -> Plane:
    """1 inside (distance below 1), 0 outside, over an edge of this width."""
    outwards = np.minimum((distance - 1.0) / edge, 60.0)  # exp(60) fits in float32
    return np.asarray(1.0 / (1.0 + np.exp(outwards)), dtype=np.float32)


def _body(x: Plane, y: Plane) -> Plane:
    shoulders = _soft((x / 0.93) ** 4 + ((y - 0.78) / 0.70) ** 4, 0.05)
    neck = _soft((x / 0.24) ** 4 + ((y - 0.02) / 0.22) ** 4, 0.08)
    return np.maximum(shoulders, neck)


def _lung(x: Plane, y: Plane, side: int) -> Plane:
    """Narrow at the top, wide at the base, cut off by the dome of the diaphragm."""
    centre = 0.43 + 0.06 * (y - 0.5)
    width = 0.17 + 0.26 * np.clip((y - 0.12) / 0.62, 0.0, 1.0) ** 0.75
    outline = _soft(((side * x - centre) / width) ** 2 + ((y - 0.47) / 0.36) ** 4, 0.055)
    dome = (0.80 if side > 0 else 0.765) + 0.33 * (side * x - 0.40) ** 2
    above = 1.0 / (1.0 + np.exp((y - dome) / 0.007))
    return np.asarray(outline * above, dtype=np.float32)


def _heart(x: Plane, y: Plane) -> Plane:
    ventricle = _soft(((x - 0.13) / 0.33) ** 2 + ((y - 0.655) / 0.155) ** 2, 0.09)
    atrium = _soft(((x + 0.10) / 0.15) ** 2 + ((y - 0.63) / 0.12) ** 2, 0.10)
    vessels = _soft((x / 0.15) ** 2 + ((y - 0.40) / 0.20) ** 2, 0.14)
    arch = _soft(((x - 0.13) / 0.09) ** 2 + ((y - 0.335) / 0.05) ** 2, 0.14)
    return np.maximum(np.maximum(ventricle, atrium), 0.85 * np.maximum(vessels, arch))


def _spine(x: Plane, y: Plane) -> Plane:
    column = np.exp(-((x / 0.085) ** 4))
    discs = 0.88 + 0.12 * np.cos(2 * np.pi * y * 17)
    return np.asarray(column * discs, dtype=np.float32)


def _opacity(x: Plane, y: Plane) -> Plane:
    centre = np.exp(-(((x + 0.47) / 0.19) ** 2) - ((y - 0.625) / 0.095) ** 2)
    rim = np.exp(-(((x + 0.36) / 0.13) ** 2) - ((y - 0.54) / 0.06) ** 2)
    return np.asarray(np.maximum(centre, 0.7 * rim), dtype=np.float32)


def _ribs() -> Plane:
    """Nine pairs: the back part falls gently outwards, the front part steeply inwards."""
    canvas = np.zeros((HEIGHT, WIDTH), np.float32)
    along = np.linspace(0.0, 1.0, 80)
    for pair in range(9):
        top = 0.125 + 0.068 * pair
        reach = min(0.80, 0.46 + 0.085 * pair)
        for side in SIDES:
            back_x = 0.05 + reach * np.sin(along * np.pi / 2)
            back_y = top + 0.035 * np.sin(along * np.pi) * -1 + 0.125 * along**2.2
            _stroke(canvas, side * back_x, back_y, 19, 1.0)
            front_x = 0.05 + reach - (reach - 0.28) * along
            front_y = top + 0.125 + 0.135 * along**0.85
            _stroke(canvas, side * front_x, front_y, 15, 0.55)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 3.2), dtype=np.float32)


def _clavicles() -> Plane:
    canvas = np.zeros((HEIGHT, WIDTH), np.float32)
    along = np.linspace(0.0, 1.0, 60)
    for side in SIDES:
        x = side * (0.09 + 0.62 * along)
        y = 0.185 - 0.055 * along + 0.018 * np.sin(along * 2 * np.pi)
        _stroke(canvas, x, y, 22, 1.0)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 3.5), dtype=np.float32)


def _stroke(
    canvas: Plane, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], width: int, value: float
) -> None:
    """Draw a bone: its rim (cortex) is denser than its middle."""
    points = np.stack([(x + 1) * WIDTH / 2, y * HEIGHT], axis=-1)
    outline = np.rint(points).astype(np.int32)[:, None, :]
    layer = np.zeros_like(canvas)
    cv2.polylines(layer, [outline], False, value, width, cv2.LINE_AA)
    cv2.polylines(layer, [outline], False, 0.62 * value, width - 8, cv2.LINE_AA)
    np.maximum(canvas, layer, out=canvas)


def _vessels(random: np.random.Generator, x: Plane, y: Plane) -> Plane:
    """Branches that fade with the distance from the hilum."""
    canvas = np.zeros((HEIGHT, WIDTH), np.float32)
    for side in SIDES:
        for _ in range(26):
            angle = random.uniform(-1.25, 1.35)
            length = random.uniform(0.18, 0.48)
            along = np.linspace(0.0, 1.0, 30)
            bend = random.uniform(-0.35, 0.35) * along**2
            vx = side * (0.17 + length * along * np.cos(angle + bend))
            vy = 0.46 + 0.75 * length * along * np.sin(angle + bend)
            points = np.stack([(vx + 1) * WIDTH / 2, vy * HEIGHT], axis=-1)
            outline = np.rint(points).astype(np.int32)[:, None, :]
            cv2.polylines(canvas, [outline], False, 1.0, int(random.integers(2, 6)), cv2.LINE_AA)
    fade = np.exp(-(((np.abs(x) - 0.2).clip(0.0) / 0.32) ** 2) - ((y - 0.47) / 0.3) ** 2)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 2.4) * fade, dtype=np.float32)


def _texture(random: np.random.Generator, cells: int) -> Plane:
    """Smooth noise, mean 0, about -1..1, with `cells` cells across."""
    coarse = random.standard_normal((cells, cells)).astype(np.float32) * 0.5
    return np.asarray(
        cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )
