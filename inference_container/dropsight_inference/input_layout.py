"""From a frame's pixels to the numbers that the network takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.frames import Pixels
from dropsight.domain.manifests import InputSpec
from dropsight_inference.runtimes import Batch


class InputLayout:
    """input = (pixel / full scale * scale - mean) / std, in the model's axis order.

    Done as one look-up for each pixel: there are only 256 or 65,536 stored values. Each entry is
    the affine map computed in float64 and rounded once, so every input is the float32 closest to
    the exact value, on every machine.
    """

    def __init__(self, spec: InputSpec) -> None:
        self.spec = spec
        sides = (spec.height, spec.width)
        self.row_shape: tuple[int, int, int] = (
            (spec.channels, *sides) if spec.layout == "NCHW" else (*sides, spec.channels)
        )
        self._tables: dict[np.dtype[Any], npt.NDArray[np.float32]] = {}

    def empty(self, rows: int) -> Batch:
        """An uninitialised batch, C-contiguous float32."""
        return np.empty((rows, *self.row_shape), np.float32)

    def planes(self, row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A view (channels, height, width) of one row, whatever its layout."""
        return row if self.spec.layout == "NCHW" else row.transpose(2, 0, 1)

    def check(self, pixels: Pixels) -> None:
        """Refuse a (height, width, channels) that the model does not take: InferenceFailed."""
        expected = (self.spec.height, self.spec.width, self.spec.channels)
        if pixels.shape != expected:
            raise InferenceFailed(
                f"frame: found (height, width, channels) {pixels.shape}, the model takes "
                f"{expected}; the frame was prepared for another model, drop the file again"
            )

    def write(self, pixels: Pixels, row: npt.NDArray[np.float32]) -> None:
        """Fill one `row` of a batch from `pixels`, uint8 or uint16 (height, width, channels)."""
        if pixels.dtype not in self._tables:
            self._tables[pixels.dtype] = _table(self.spec, int(np.iinfo(pixels.dtype).max))
        table = self._tables[pixels.dtype]
        planes = self.planes(row)
        # Pixels are RGB.
        coloured = pixels[..., ::-1] if self.spec.channel_order == "bgr" else pixels
        for channel in range(self.spec.channels):
            # mode="clip" lets NumPy write straight into `out`; every index is in range anyway.
            np.take(table[channel], coloured[..., channel], out=planes[channel], mode="clip")


def _table(spec: InputSpec, full_scale: int) -> npt.NDArray[np.float32]:
    """float32 (channels, full scale + 1): the model's input for each stored value."""
    intensity = np.arange(full_scale + 1, dtype=np.float64) / full_scale
    mean = np.broadcast_to(np.reshape(spec.mean, (-1, 1)), (spec.channels, 1))
    std = np.broadcast_to(np.reshape(spec.std, (-1, 1)), (spec.channels, 1))
    table: npt.NDArray[np.float32] = ((intensity * spec.scale - mean) / std).astype(np.float32)
    return table
