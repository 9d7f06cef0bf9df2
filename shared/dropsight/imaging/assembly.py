"""Frames are made one at a time, so that memory holds a few of them and not all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import BudgetExceeded, MalformedFile
from dropsight.domain.frames import Frame, Pixels
from dropsight.domain.manifests import InputSpec
from dropsight.domain.results import ProvenanceStep
from dropsight.imaging.lookup import look_up
from dropsight.imaging.resize import Geometry, plan, resize_into
from dropsight.imaging.windowing import Image, Percentile, shades, spread_sample

Display = npt.NDArray[np.uint8]


@dataclass
class Assembly:
    """Collects the prepared pixels of `frames` images of one size."""

    spec: InputSpec
    frames: int
    width: int
    height: int
    limit_bytes: int
    """Of the prepared pixels of all frames together (`Budgets.decoded_bytes`)."""
    displays: list[Display] = field(default_factory=list)
    """uint8, source-sized, (height, width) or (height, width, 3) in RGB, one for each frame."""
    _pixels: Pixels | None = None

    @property
    def geometry(self) -> Geometry:
        return plan(self.width, self.height, self.spec)

    def add(self, image: Image) -> None:
        """Take the next image: uint8 or uint16, (height, width) or (height, width, 3)."""
        if image.shape[:2] != (self.height, self.width):
            raise MalformedFile(
                f"a decoded image is {image.shape[1]} x {image.shape[0]} pixels, the header says "
                f"{self.width} x {self.height}; the file is damaged, export it again"
            )
        if self._pixels is None:
            self._pixels = self._allocate(image)
        resize_into(image, self._pixels[len(self.displays)], self.geometry)
        self.displays.append(_display(image, self.spec))

    def _allocate(self, image: Image) -> Pixels:
        width, height = self.geometry.size
        shape = (self.frames, height, width, self.spec.channels)
        needed = math.prod(shape) * image.itemsize
        if needed > self.limit_bytes:
            raise BudgetExceeded(
                f"{self.frames} frames of {width} x {height} pixels for the model take {needed} "
                f"bytes, at most {self.limit_bytes} are prepared; send fewer frames at once, or "
                "raise DROPSIGHT_BUDGET_DECODED_BYTES if such files are meant to be processed"
            )
        return np.zeros(shape, image.dtype)

    def frame(self, provenance: list[ProvenanceStep]) -> Frame:
        """The frame of everything added. Raises MalformedFile if an image is missing."""
        if self._pixels is None or len(self.displays) != self.frames:
            raise MalformedFile(
                f"{self.frames} images are declared, {len(self.displays)} could be read; "
                "the file is truncated"
            )
        return Frame(
            pixels=self._pixels,
            source_width=self.width,
            source_height=self.height,
            content_box=self.geometry.content_box,
            provenance=provenance,
        )


def _display(image: Image, spec: InputSpec) -> Display:
    """8 bits for people: the high byte of uint16.

    The full range often shows them nothing (one hot pixel, and all else is black): they get the
    percentile window then.
    """
    if image.dtype == np.uint8:
        return image.view(np.uint8)
    if spec.contrast == "full":
        image = look_up(shades(np.arange(65536), Percentile.of(spread_sample(image)).range), image)
    return np.right_shift(image, 8).astype(np.uint8)
