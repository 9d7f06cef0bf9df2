"""What an EMCCD camera makes of light.

The model of Hirsch, Wareham, Martin-Fernandez, Hobson and Rolfe, "A Stochastic Model for Electron
Multiplication Charge-Coupled Devices", PLoS ONE 8(1): e53671, 2013
(doi:10.1371/journal.pone.0053671), for one pixel:

    n   ~ Poisson(light + clock-induced charge)         electrons that enter the gain register
    m   ~ Gamma(shape n, scale gain), 0 for n = 0       electrons that leave it
    adu = floor((m + Normal(0, read noise)) / electrons per ADU + bias), clipped to 0..65535

With gain 1 there is no register and m = n: a CCD or CMOS camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Camera:
    gain: float = 300.0
    """Mean electrons out for one electron in; 1 for a camera without multiplication."""
    read_noise: float = 50.0
    """Standard deviation in electrons, after the gain."""
    induced: float = 0.01
    """Clock-induced charge: mean electrons for each pixel and frame."""
    electrons_per_adu: float = 12.0
    bias: float = 200.0
    """ADU of a pixel that saw nothing."""

    @property
    def excess(self) -> float:
        """F², the excess noise factor squared: 2 for a register of high gain, 1 without one.

        Var(m) = gain² (Var(n) + E(n)) = 2 gain² E(n), so multiplication doubles the variance of
        the shot noise (F = sqrt 2).
        """
        return 2.0 if self.gain > 1.0 else 1.0

    def mean(self, light: Floats) -> Floats:
        """Expected ADU, before rounding down and clipping."""
        return (light + self.induced) * self.gain / self.electrons_per_adu + self.bias

    def variance(self, light: Floats) -> Floats:
        """Of the ADU, before rounding down (which adds 1/12) and clipping."""
        after_gain = self.excess * self.gain**2 * (light + self.induced) + self.read_noise**2
        return after_gain / self.electrons_per_adu**2

    def noise(self, light: Floats) -> Floats:
        """The same noise as a standard deviation in electrons before the gain."""
        return np.sqrt(self.variance(light)) * self.electrons_per_adu / self.gain

    def expose(self, light: Floats, random: np.random.Generator) -> Pixels:
        """One frame. `light`: mean photoelectrons of each pixel, 0 or more, any shape."""
        entered = random.poisson(light + self.induced).astype(np.float64)
        left = random.gamma(entered, self.gain) if self.gain > 1.0 else entered
        read = left + random.normal(0.0, self.read_noise, light.shape)
        adu = np.floor(read / self.electrons_per_adu + self.bias)
        return np.clip(adu, 0, 65535).astype(np.uint16)
