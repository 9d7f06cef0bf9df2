"""The samples of `dropsight demo`, and what must become of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from dropsight.cli.samples.film import chest_film
from dropsight.cli.samples.microscope import spot_frame
from dropsight.cli.samples.phantom import FULL_SCALE, draw_chest

SPOTS = "bright-spots"
"""The model of the microscope frame, and its route."""


@dataclass(frozen=True)
class Sample:
    name: str
    data: bytes
    shows: str
    status: str
    """`explained` or `failed`."""
    code: str | None = None
    """The code of the failure."""
    route: str = "cxr"


def samples() -> list[Sample]:
    """An accepted film, a plain PNG, a modality that is refused, a broken file."""
    film = chest_film(draw_chest(seed=7))
    return [
        Sample("phantom-film.dcm", film, "a digital X-ray in DICOM", "explained"),
        Sample("phantom-photo.png", _png(seed=8), "a plain picture", "explained"),
        Sample(
            "ct-slice.dcm",
            _ct_slice(),
            "a CT, which the model refuses",
            "failed",
            "contract-refused",
        ),
        Sample(
            "broken-film.dcm",
            film[: len(film) // 2],
            "a film that was cut off half-way",
            "failed",
            "malformed-file",
        ),
    ]


def microscope_sample() -> Sample:
    """A frame of 16 bits for a model that finds small bright spots."""
    return Sample(
        "spots.tif", spot_frame(), "a microscope frame with bright spots", "explained", route=SPOTS
    )


def _png(seed: int) -> bytes:
    """The phantom as a PNG of 8 bits, mirrored so that it differs from the film at a glance."""
    pixels = draw_chest(seed)[:, ::-1].astype(np.float32) * (255.0 / FULL_SCALE)
    written, data = cv2.imencode(".png", np.rint(pixels).astype(np.uint8))
    if not written:
        raise RuntimeError("OpenCV could not encode the phantom as PNG")
    return data.tobytes()


def _ct_slice() -> bytes:
    """pydicom's own `CT_small.dcm`: part of its wheel, de-identified long ago."""
    from pydicom.data import get_testdata_file

    path = get_testdata_file("CT_small.dcm", download=False)
    if not isinstance(path, str):
        raise FileNotFoundError("pydicom's CT_small.dcm: not in this installation of pydicom")
    return Path(path).read_bytes()
