"""Frames are made one at a time, so that memory holds a few of them and not all."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import MalformedFile
from dropsight.domain.frames import Frame, Pixels
from dropsight.domain.manifests import InputSpec
from dropsight.domain.results import ProvenanceStep
from dropsight.imaging.resize import Geometry, plan, resize_into
from dropsight.imaging.windowing import Image

Display = npt.NDArray[np.uint8]


@dataclass
class Assembly:
    """Collects the prepared pixels of `frames` images of one size."""

    spec: InputSpec
    frames: int
    width: int
    height: int
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
            shape = (self.frames, self.spec.height, self.spec.width, self.spec.channels)
            self._pixels = np.zeros(shape, image.dtype)
        resize_into(image, self._pixels[len(self.displays)], self.geometry)
        self.displays.append(_display(image))

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


def _display(image: Image) -> Display:
    """8 bits for people: the high byte of uint16."""
    shift = 0 if image.dtype == np.uint8 else 8
    return np.right_shift(image, shift).astype(np.uint8) if shift else image.view(np.uint8)
