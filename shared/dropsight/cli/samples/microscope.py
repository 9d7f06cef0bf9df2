"""A drawn microscope frame: bright spots, some of them touching, as a camera sees them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 640, 480
SIGMA_PX = 1.6
"""Width of the point spread function: each spot is a Gaussian of this standard deviation."""
APART_PX = 4.6
"""Distance of two touching spots: one bright blob for a threshold, two objects for a detector."""
SINGLE, PAIRS = 45, 15
PHOTONS = (250.0, 1500.0)
BACKGROUND = 4.0
"""Photoelectrons of a pixel, at the middle of the frame."""
GAIN, READ_NOISE, OFFSET = 12.0, 8.0, 300.0
"""Of the camera, in counts: multiplied electrons, noise of the read-out, and its bias."""


def spot_frame(seed: int = 3) -> bytes:
    """A TIFF of 16 bits, 640 x 480, that uses a few percent of its range, as such frames do.

    Poisson noise of light, gamma noise of electron multiplication and Gaussian noise of the
    read-out (Hirsch et al. 2013, doi:10.1371/journal.pone.0053671). The same seed gives the same
    frame.
    """
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    light = BACKGROUND * (1.4 - ((x / WIDTH - 0.5) ** 2 + (y / HEIGHT - 0.5) ** 2) * 1.6)
    for left, top in _places(random):
        photons = random.uniform(*PHOTONS)
        distance = (x - left) ** 2 + (y - top) ** 2
        light += photons / (2 * np.pi * SIGMA_PX**2) * np.exp(-distance / (2 * SIGMA_PX**2))
    electrons = random.poisson(light)
    multiplied = random.gamma(np.maximum(electrons, 1e-9), GAIN) * (electrons > 0)
    counts = multiplied + random.normal(OFFSET, READ_NOISE, light.shape)
    return _tiff(np.clip(np.rint(counts), 0, 65535).astype(np.uint16))


def _places(random: np.random.Generator) -> list[tuple[float, float]]:
    margin = 12.0
    low, high = (margin, margin), (WIDTH - margin, HEIGHT - margin)
    single = random.uniform(low, high, (SINGLE + PAIRS, 2))
    angles = random.uniform(0, 2 * np.pi, PAIRS)
    partners = single[:PAIRS] + APART_PX * np.stack([np.cos(angles), np.sin(angles)], 1)
    return [(float(left), float(top)) for left, top in np.concatenate([single, partners])]


def _tiff(pixels: npt.NDArray[np.uint16]) -> bytes:
    written, data = cv2.imencode(".tif", pixels)
    if not written:
        raise RuntimeError("OpenCV could not encode the frame as TIFF")
    return bytes(data.tobytes())
