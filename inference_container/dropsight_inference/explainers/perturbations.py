"""What LIME hides, and in which combinations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc
from skimage.color import gray2rgb
from skimage.segmentation import slic

from dropsight.domain.errors import ExplanationUnavailable
from dropsight_inference.explainers.subject import Row, Subject

Segments = npt.NDArray[np.int32]
Masks = npt.NDArray[np.bool_]

COMPACTNESS = 20.0
"""Weight of distance against colour in SLIC (Achanta et al., 2012), for colours in CIELAB."""
SMOOTHING = 1 / 224
"""Sigma of the blur before SLIC, as a share of the width. Without it grain tears superpixels into
shreds, which SLIC then joins: pure noise came out as a single one."""

LEAST_SMOOTHING = 1.0
"""Pixels."""


def superpixels(subject: Subject, wanted: int) -> Segments:
    """int32 (height, width): 0..count-1 where the image is, -1 in the padding of a letterbox and
    outside of the neighbourhood of an object.

    SLIC has no randomness: the same frame always gives the same superpixels.
    """
    height, width = subject.pixels.shape[:2]
    left, top, across, down = subject.content_box
    rows = slice(max(0, round(top)), min(height, round(top + down)))
    columns = slice(max(0, round(left)), min(width, round(left + across)))
    smoothing = SMOOTHING * width
    if subject.area is not None:
        rows, columns = subject.area
        # In proportion to what is cut, but never so little that grain is taken for structure.
        smoothing = max(LEAST_SMOOTHING, SMOOTHING * (columns.stop - columns.start))
    image = subject.pixels[rows, columns]
    color = gray2rgb(image[..., 0]) if image.shape[2] == 1 else image
    segments = np.full((height, width), -1, np.int32)
    segments[rows, columns] = slic(
        color,
        n_segments=wanted,
        compactness=COMPACTNESS,
        sigma=smoothing,
        start_label=0,
        channel_axis=-1,
    )
    return segments


def sobol_masks(count: int, samples: int, seed: int) -> Masks:
    """(samples, count): True where a superpixel stays. The first sample keeps everything.

    The others are points of a scrambled Sobol sequence, cut at one half: each superpixel is hidden
    in half of them, and any two are hidden independently. With coarse coordinates two of many
    superpixels could come out hidden always together, and no regression could tell them apart;
    such repeated columns are passed over. Superpixels are dealt out to columns by `seed`.

    Raises ExplanationUnavailable for more superpixels than so few samples can tell apart.
    """
    points = samples - 1
    design = np.random.default_rng(seed)
    # A power of two of points is balanced; fewer are the first ones of the next such set.
    exponent = max(1, (points - 1).bit_length())
    sequence = qmc.Sobol(2 * count, scramble=True, rng=design).random_base2(exponent)
    columns = sequence[:points].T >= 0.5
    # A column and its opposite say the same, so compare them from a common first value.
    _, first = np.unique(columns ^ columns[:, :1], axis=0, return_index=True)
    if len(first) < count:
        raise ExplanationUnavailable(
            f"parameters of lime: samples: found {samples}, which can tell {len(first)} "
            f"superpixels apart; this image has {count}. Ask for at least {4 * count + 1} samples "
            "or for fewer segments"
        )
    chosen = design.permutation(np.sort(first)[:count])
    return np.vstack([np.ones((1, count), np.bool_), columns[chosen].T])


class Perturber:
    """Writes the frame with some superpixels hidden, straight in the model's input layout."""

    def __init__(self, subject: Subject, segments: Segments, fill: str | float) -> None:
        """`fill` is what hidden pixels become: `superpixel-mean`, `image-mean`, or an intensity
        in [0, 1] (0 is black)."""
        self._layout = subject.layout
        self._segments = segments
        self._original = subject.row()
        self._hidden = self._fill(subject, fill)

    def write(self, keep: npt.NDArray[np.bool_], row: Row) -> None:
        """Fill `row`; `keep` is bool (superpixels,). Padding always stays."""
        # Index -1 (padding) reads the value appended at the end.
        visible = np.append(keep, True)[self._segments]
        planes = self._layout.planes
        row[...] = self._hidden
        for plane, original in zip(planes(row), planes(self._original), strict=True):
            np.copyto(plane, original, where=visible)

    def _fill(self, subject: Subject, fill: str | float) -> Row:
        if not isinstance(fill, str):
            full_scale = np.iinfo(subject.pixels.dtype).max
            level = np.full_like(subject.pixels, round(fill * full_scale))
            row: Row = self._layout.empty(1)[0]
            self._layout.write(level, row)
            return row
        hidden = self._original.copy()
        inside = self._segments >= 0
        owner = self._segments[inside]
        for plane in self._layout.planes(hidden):
            values = plane[inside].astype(np.float64)
            if fill == "image-mean":
                plane[inside] = values.mean()
            else:
                plane[inside] = (np.bincount(owner, values) / np.bincount(owner))[owner]
        return hidden
