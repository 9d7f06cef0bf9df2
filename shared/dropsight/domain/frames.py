"""The frame: what ingest hands to the model, by way of the work bucket."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import MalformedFile
from dropsight.domain.results import ProvenanceStep
from dropsight.domain.wire import described

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Frame:
    """Prepared pixels, and how they were made.

    pixels
        uint8 or uint16, shape (frames, height, width, channels), the size and channel count of
        the model's input; with `resize: tile` the size of the source, but no less than that of a
        tile. Full scale of the dtype (255 or 65535) is intensity 1.0, zero is 0.0.
        The affine map to the model's own range (scale, mean, std) is the container's.
    source_width, source_height
        Size in pixels of the image that the frame was resized from, after EXIF orientation.
    content_box
        (x, y, width, height) in frame pixels of the part that holds the image; the rest is
        padding (`letterbox`, and `tile` where the source is smaller than one). `stretch` fills
        the frame. With `crop` the box reaches past the frame: what lies outside was cut off.
        Boxes and heatmaps are mapped back through it.
    provenance
        Each step from stored value to these pixels, in order.
    """

    pixels: Pixels
    source_width: int
    source_height: int
    content_box: tuple[float, float, float, float]
    provenance: list[ProvenanceStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.pixels.dtype not in (np.uint8, np.uint16) or self.pixels.ndim != 4:
            raise ValueError(
                "Frame.pixels: expected uint8 or uint16 of shape (frames, height, width, "
                f"channels), found {self.pixels.dtype} of shape {self.pixels.shape}"
            )

    @property
    def full_scale(self) -> int:
        """255 or 65535: the stored value that stands for intensity 1.0."""
        return 255 if self.pixels.dtype == np.uint8 else 65535

    def to_bytes(self) -> bytes:
        """A zip of `pixels.npy` and `frame.json`. Equal frames give equal bytes."""
        header: dict[str, Any] = {
            "schemaVersion": 1,
            "sourceWidth": self.source_width,
            "sourceHeight": self.source_height,
            "contentBox": list(self.content_box),
            "provenance": msgspec.to_builtins(self.provenance),
        }
        array = io.BytesIO()
        np.lib.format.write_array(array, np.ascontiguousarray(self.pixels), allow_pickle=False)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_entry("frame.json"), json.dumps(header))
            archive.writestr(_entry("pixels.npy"), array.getvalue())
        return packed.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Frame:
        """Inverse of `to_bytes`. Raises MalformedFile."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                header = json.loads(archive.read("frame.json"))
                pixels = np.lib.format.read_array(
                    io.BytesIO(archive.read("pixels.npy")), allow_pickle=False
                )
            x, y, width, height = header["contentBox"]
            return cls(
                pixels=pixels,
                source_width=int(header["sourceWidth"]),
                source_height=int(header["sourceHeight"]),
                content_box=(x, y, width, height),
                provenance=[
                    msgspec.convert(step, described(ProvenanceStep))
                    for step in header["provenance"]
                ],
            )
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
            raise MalformedFile(
                f"the frame in the work bucket cannot be read ({error}); drop the file again"
            ) from error


def _entry(name: str) -> zipfile.ZipInfo:
    """A zip entry with a fixed time stamp, so that the bytes depend on the content alone."""
    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
