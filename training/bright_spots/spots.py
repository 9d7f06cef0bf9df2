"""Particles as the microscope shows them, and their signal-to-noise ratio.

A particle is a disc of even brightness (radius 0: a point) seen through a Gaussian point spread
function, the usual stand-in for the Airy pattern of a diffraction-limited microscope
(sigma = 0.21 wavelength / numerical aperture: Zhang, Zerubia and Olivo-Marin 2007,
doi:10.1364/AO.46.001819), and is integrated over each pixel.

Coordinates are in pixels; pixel i covers i to i + 1, so the middle of the first one is at 0.5.

**Width.** The standard deviation of a particle's profile along an axis:
width = sqrt(sigma² + radius² / 4), as a disc's own variance along an axis is radius² / 4.

**Box.** A square about the centre with a side of `BOX_WIDTHS` = 5 widths: 5 px for a point at
sigma 1, 20 px for a vesicle of radius 6.5 at sigma 2.3.

**SNR.** With S the expected photoelectrons of the particle's brightest pixel, B those of all else
there (background, other particles, clock-induced charge), F² the excess noise factor squared, R the
read noise in electrons after the gain and G the gain:

    SNR = S / sqrt(F² (S + B) + (R / G)²)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import erf

from .camera import Camera, Floats

BOX_WIDTHS = 5.0
REACH = 5.0
"""Widths from the centre up to which light is drawn."""
DISC_POINTS = 60


@dataclass(frozen=True)
class Spot:
    x: float
    y: float
    sigma: float
    """Of the point spread function, in pixels."""
    radius: float = 0.0
    """Of the disc, in pixels."""
    electrons: float = 1.0
    """Mean photoelectrons of the whole particle."""

    @property
    def width(self) -> float:
        """Standard deviation of the profile along an axis, in pixels."""
        return float(np.hypot(self.sigma, self.radius / 2.0))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width, height."""
        side = BOX_WIDTHS * self.width
        return self.x - side / 2, self.y - side / 2, side, side


def add_spot(light: Floats, spot: Spot) -> float:
    """Add its photoelectrons to `light` (rows, columns); those of its brightest pixel."""
    reach = REACH * spot.sigma + spot.radius + 1.0
    top, bottom = max(0, int(spot.y - reach)), min(light.shape[0], int(spot.y + reach) + 1)
    left, right = max(0, int(spot.x - reach)), min(light.shape[1], int(spot.x + reach) + 1)
    if top >= bottom or left >= right:
        return 0.0
    dx, dy = _disc(spot.radius)
    across = _integrated(np.arange(left, right + 1), spot.x + dx, spot.sigma)
    down = _integrated(np.arange(top, bottom + 1), spot.y + dy, spot.sigma)
    patch = spot.electrons / len(dx) * (down.T @ across)
    light[top:bottom, left:right] += patch
    return float(patch.max())


def with_snr(spot: Spot, snr: float, around: Floats, camera: Camera) -> Spot:
    """The same particle, as bright as gives it this SNR over `around`, the light without it."""
    alone = np.zeros_like(around)
    peak = add_spot(alone, replace(spot, electrons=1.0))
    if peak == 0.0:
        return replace(spot, electrons=0.0)
    at = np.unravel_index(int(alone.argmax()), alone.shape)
    other = camera.excess * (around[at] + camera.induced)
    floor = other + (camera.read_noise / camera.gain) ** 2
    # S² = SNR² (F² S + floor), solved for S.
    half = camera.excess * snr**2 / 2.0
    return replace(spot, electrons=float(half + np.sqrt(half**2 + snr**2 * floor)) / peak)


def _integrated(edges: Floats, centres: Floats, sigma: float) -> Floats:
    """Share of a Gaussian at each centre between neighbouring edges: (centres, edges - 1)."""
    steps = erf((edges - centres[:, None]) / (sigma * np.sqrt(2.0)))
    return np.asarray(np.diff(steps, axis=1) / 2.0)


def _disc(radius: float) -> tuple[Floats, Floats]:
    """Points that fill a disc evenly (a sunflower's seeds); one point for radius 0."""
    if radius == 0.0:
        return np.zeros(1), np.zeros(1)
    index = np.arange(DISC_POINTS)
    distance = radius * np.sqrt((index + 0.5) / DISC_POINTS)
    angle = index * np.pi * (3.0 - np.sqrt(5.0))
    return distance * np.cos(angle), distance * np.sin(angle)
