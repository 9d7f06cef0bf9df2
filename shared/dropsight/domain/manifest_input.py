"""`input` in model.yaml: the numbers that the network takes, and how a frame is brought to it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from dropsight.domain.wire import Record

Positive = Annotated[int, msgspec.Meta(gt=0)]


class ManifestRecord(Record, forbid_unknown_fields=True, frozen=True):
    """A misspelt field is an error here: nobody sends us a newer model.yaml by accident."""


class Window(ManifestRecord, kw_only=True, frozen=True):
    """A fixed VOI window in units after the Modality LUT; overrides the file's own."""

    center: float
    width: Annotated[float, msgspec.Meta(gt=0)]


class InputSpec(ManifestRecord, kw_only=True, frozen=True):
    width: Positive
    height: Positive
    channels: Literal[1, 3]
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    dtype: Literal["float32"] = "float32"
    resize: Literal["stretch", "letterbox", "crop", "tile"] = "stretch"
    """`tile`: detection only. The frame keeps its source pixels, and the model sees it piece by
    piece, so that small objects do not vanish."""
    overlap: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """tile: pixels that neighbouring tiles share at least; `tile_overlap` where it is not said.
    Twice the side of the largest object, so that one of the tiles sees it whole."""
    interpolation: Literal["area", "linear"] = "area"
    """Where an axis shrinks: the mean of the pixels that are covered, or two neighbours on each
    axis, as `cv2.INTER_LINEAR` and the training code of YOLO do. What grows is always linear."""
    padding: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.0
    """Intensity around a letterboxed image: 0 black, 1 white; YOLO's grey is 114 / 255."""
    channel_order: Literal["rgb", "bgr"] = "rgb"
    """Of the network; `mean` and `std` are in the same order."""
    scale: float = 1.0
    """What intensity 1.0 (full scale) becomes before mean and std: 1.0, or 255.0."""
    mean: list[float] = msgspec.field(default_factory=lambda: [0.0])
    std: list[float] = msgspec.field(default_factory=lambda: [1.0])
    """One value, or one for each channel: input = (intensity * scale - mean) / std."""
    window: Window | None = None
    contrast: Literal["percentile", "full"] = "percentile"
    """Black and white of more than 8 bits where neither `window` nor the file names them:
    `percentile` (the 0.5 and 99.5 of each frame) clips the brightest pixels, `full` (the least and
    the greatest value) clips nothing and keeps every step of 16 bits."""
    maximum_batch: Positive | None = None
    """Frames in one forward pass at most; 1 for a model that was exported for a single image."""

    @property
    def tile_overlap(self) -> int:
        """`overlap`, or a quarter of the shorter side."""
        return min(self.width, self.height) // 4 if self.overlap is None else self.overlap
