"""Microscope frames with known truth: scenes of every kind that the detector should know.

`simulate` draws one frame from a seeded generator; `Conditions` holds the ranges it draws from, and
`at_snr` and `pairs` make the frames of the curves. `write_tiff` writes 16-bit TIFF.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .artefacts import add_background, add_cosmic_rays, add_haze, set_hot_pixels
from .camera import Camera, Floats, Pixels
from .spots import Spot, add_spot, with_snr

Range = tuple[float, float]


@dataclass(frozen=True)
class Conditions:
    """Ranges that frames are drawn from; (low, high), evenly on a logarithmic scale if `log`."""

    sigma: Range = (0.9, 2.6)
    snr: Range = (0.9, 30.0)
    count: Range = (1.0, 40.0)
    """Particles in 128 x 128 pixels, log."""
    background: Range = (0.05, 80.0)
    """Photoelectrons of a pixel, log."""
    partner: float = 0.35
    """Share of particles with another one close by."""
    spacing: Range = (1.7, 5.0)
    """Between the two, in widths (see `spots`)."""
    disc: float = 0.3
    """Share of particles that are discs, with a radius of 0.5 to `largest_radius` px."""
    largest_radius: float = 6.5
    defocus: float = 0.25
    """Share of particles out of focus: sigma up to 1.5 times as wide."""
    haze: float = 0.35
    """Share of frames with light from far out of focus."""
    uneven: float = 0.8
    hot_pixels: float = 0.5
    """Share of frames with some."""
    cosmic_rays: float = 0.15
    conventional: float = 0.2
    """Share of cameras without electron multiplication."""
    empty: float = 0.04
    """Share of frames without a particle."""


@dataclass(frozen=True)
class Simulated:
    pixels: Pixels
    """uint16 (rows, columns)."""
    spots: list[Spot]
    snr: list[float] = field(default_factory=list)
    """Of each spot, as asked for; brighter neighbours that came later lower it a little."""


def simulate(
    rows: int, columns: int, conditions: Conditions, random: np.random.Generator
) -> Simulated:
    """One frame."""
    camera = draw_camera(conditions, random)
    light = np.full((rows, columns), log_even(conditions.background, random))
    if random.random() < conditions.uneven:
        add_background(light, random)
    if random.random() < conditions.haze:
        add_haze(light, random)
    spots: list[Spot] = []
    ratios: list[float] = []
    sigma = random.uniform(*conditions.sigma)
    mean_snr = log_even(conditions.snr, random)
    mean_count = log_even(conditions.count, random) * rows * columns / 128**2
    count = 0 if random.random() < conditions.empty else max(1, random.poisson(mean_count))
    while len(spots) < count:
        snr = float(np.clip(mean_snr * random.lognormal(0.0, 0.5), *conditions.snr))
        first = draw_spot(rows, columns, sigma, conditions, random)
        group = [first]
        while random.random() < conditions.partner and len(group) < 4:
            group.append(_beside(group[-1], random.uniform(*conditions.spacing), random))
        for spot in group:
            chosen = snr * random.uniform(0.6, 1.0) if len(group) > 1 else snr
            lit = with_snr(spot, chosen, light, camera)
            if add_spot(light, lit) > 0.0:
                spots.append(lit)
                ratios.append(chosen)
    if random.random() < conditions.cosmic_rays:
        add_cosmic_rays(light, random)
    pixels = camera.expose(light, random)
    if random.random() < conditions.hot_pixels:
        set_hot_pixels(pixels, random)
    return Simulated(pixels, spots, ratios)


def at_snr(
    side: int, snr: float, count: int, conditions: Conditions, random: np.random.Generator
) -> Simulated:
    """A frame of `count` particles of one SNR, none nearer to another than 25 px."""
    camera = draw_camera(conditions, random)
    light = np.full((side, side), log_even(conditions.background, random))
    if random.random() < conditions.uneven:
        add_background(light, random)
    sigma = random.uniform(*conditions.sigma)
    spots: list[Spot] = []
    for x, y in _apart(side, count, 25.0, random):
        drawn = draw_spot(side, side, sigma, conditions, random)
        spots.append(with_snr(replace(drawn, x=x, y=y), snr, light, camera))
    for spot in spots:
        add_spot(light, spot)
    pixels = camera.expose(light, random)
    if random.random() < conditions.hot_pixels:
        set_hot_pixels(pixels, random)
    return Simulated(pixels, spots, [snr] * len(spots))


def pairs(
    side: int,
    spacing: float,
    snr: float,
    count: int,
    conditions: Conditions,
    random: np.random.Generator,
) -> Simulated:
    """A frame of `count` pairs of equal points, `spacing` sigmas apart, pairs 40 px or more."""
    camera = draw_camera(conditions, random)
    light = np.full((side, side), log_even(conditions.background, random))
    sigma = random.uniform(*conditions.sigma)
    spots: list[Spot] = []
    for x, y in _apart(side, count, 40.0, random):
        lit = with_snr(Spot(x, y, sigma), snr, light, camera)
        angle = random.uniform(0.0, np.pi)
        dx, dy = spacing * sigma / 2 * np.cos(angle), spacing * sigma / 2 * np.sin(angle)
        spots += [replace(lit, x=x - dx, y=y - dy), replace(lit, x=x + dx, y=y + dy)]
    for spot in spots:
        add_spot(light, spot)
    return Simulated(camera.expose(light, random), spots, [snr] * len(spots))


def draw_camera(conditions: Conditions, random: np.random.Generator) -> Camera:
    if random.random() < conditions.conventional:
        return Camera(
            gain=1.0,
            read_noise=random.uniform(0.9, 8.0),
            induced=log_even((0.001, 1.0), random),
            electrons_per_adu=log_even((0.2, 3.0), random),
            bias=random.uniform(90.0, 1000.0),
        )
    return Camera(
        gain=log_even((50.0, 1000.0), random),
        read_noise=random.uniform(15.0, 100.0),
        induced=log_even((0.002, 0.06), random),
        electrons_per_adu=log_even((4.0, 60.0), random),
        bias=random.uniform(90.0, 2500.0),
    )


def draw_spot(
    rows: int, columns: int, sigma: float, conditions: Conditions, random: np.random.Generator
) -> Spot:
    """Anywhere in the frame, of no brightness yet."""
    blur = random.uniform(1.0, 1.5) if random.random() < conditions.defocus else 1.0
    is_disc = random.random() < conditions.disc
    radius = log_even((0.5, conditions.largest_radius), random) if is_disc else 0.0
    return Spot(random.uniform(0, columns), random.uniform(0, rows), sigma * blur, radius)


def log_even(ends: Range, random: np.random.Generator) -> float:
    """Between the two, evenly on a logarithmic scale."""
    return float(np.exp(random.uniform(np.log(ends[0]), np.log(ends[1]))))


def write_tiff(path: Path, frames: Sequence[Pixels]) -> None:
    """A 16-bit greyscale TIFF, one page for each frame, without loss."""
    import cv2

    if not cv2.imwritemulti(str(path), [np.ascontiguousarray(frame) for frame in frames]):
        raise OSError(f"{path}: OpenCV cannot write the TIFF file")


def _beside(spot: Spot, spacing: float, random: np.random.Generator) -> Spot:
    """An equal one, `spacing` widths away."""
    angle = random.uniform(0.0, 2 * np.pi)
    distance = spacing * spot.width
    return replace(
        spot, x=spot.x + distance * float(np.cos(angle)), y=spot.y + distance * float(np.sin(angle))
    )


def _apart(side: int, count: int, distance: float, random: np.random.Generator) -> Floats:
    """Up to `count` points (n, 2), each `distance` or more from the others, 12 px off the edge."""
    points: list[Floats] = []
    for _ in range(count * 50):
        point = random.uniform(12.0, side - 12.0, 2)
        if all(np.hypot(*(point - other)) >= distance for other in points):
            points.append(point)
            if len(points) == count:
                break
    return np.array(points).reshape(-1, 2)
