"""The detector on a picture of the sky: scikit-image's Hubble eXtreme Deep Field.

NASA and ESA; in the public domain (`skimage.data.hubble_deep_field` gives the source). Nothing was
trained or tuned on it, and no truth is known: what blob_log finds beside it is a second opinion.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dropsight.imaging.png import encode_png

from .baselines import Preparation, by_log
from .camera import Floats
from .figures import draw_boxes
from .matching import match
from .served import Served

STRONG = 12.0
"""blob_log's threshold, in units of the noise, for objects that nobody would overlook."""


@dataclass(frozen=True)
class Sky:
    """What was found at the operating point."""

    objects: int
    left_out: int
    """The weakest candidates, for which one result document has no room."""
    strong: int
    """Objects of blob_log at `STRONG`."""
    strong_found: int
    """Those of them that the detector found too."""
    median_side: float
    """Of the boxes, in px."""
    threshold: float = STRONG
    """Of blob_log."""


def look_at_the_sky(served: Served, threshold: float, path: Path) -> Sky:
    """Through the pipeline, as a PNG file; writes the picture with its boxes."""
    from skimage.data import hubble_deep_field

    picture = hubble_deep_field()
    prepared = served.prepared(encode_png(picture))
    prediction = served.engine.predict(served.manifest.name, prepared.frame)
    found = served.read(prediction.findings).at(threshold)
    draw_boxes(prepared.display[0], found.boxes, path)
    strong = by_log(STRONG, 0.5)(Preparation()(prepared.frame.pixels[0, :, :, 0].astype(np.uint16)))
    return Sky(
        objects=len(found.boxes),
        left_out=prediction.candidates.dropped if prediction.candidates else 0,
        strong=len(strong),
        strong_found=len(match(found.centres, strong, _reach(strong))),
        median_side=float(np.median(found.boxes[:, 2])) if len(found.boxes) else 0.0,
    )


def _reach(centres: Floats) -> Floats:
    return np.full(len(centres), 3.0)
