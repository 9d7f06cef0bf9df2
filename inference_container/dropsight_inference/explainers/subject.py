"""The one decision that is explained: a model, one frame, and forward passes that give way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.domain.frames import Pixels
from dropsight.domain.manifests import Manifest
from dropsight_inference.explainers.neighbourhood import Area
from dropsight_inference.explainers.values import Question, Values
from dropsight_inference.input_layout import InputLayout
from dropsight_inference.runtimes import (
    Batch,
    LayerGradients,
    LocalGradients,
    Outputs,
    Score,
    Shares,
)

Row = npt.NDArray[np.float32]
"""One input in the model's own layout."""
Gradients = Callable[[Batch, Sequence[int], str | None], Future[LayerGradients]]
ObjectGradients = Callable[[Batch, Score, Shares, str | None], Future[LocalGradients]]


@dataclass(frozen=True)
class Subject:
    manifest: Manifest
    question: Question
    layout: InputLayout
    pixels: Pixels
    """uint8 or uint16, (height, width, channels) of the model's input."""
    content_box: tuple[float, float, float, float]
    """(x, y, width, height) of the image within `pixels`; the rest is padding."""
    submit: Callable[[Batch], Future[Outputs]]
    """Queue one forward pass behind every prediction."""
    chunk: int
    """Inputs in one pass: what a prediction that comes meanwhile has to wait for."""
    gradients: Gradients | None = None
    """`Differentiable.gradients`, queued like a forward pass; None where the runtime has none."""
    local_gradients: ObjectGradients | None = None
    """`Differentiable.local_gradients`, likewise."""

    @property
    def area(self) -> Area | None:
        """Where things are hidden; None is the whole picture."""
        return self.question.area

    def row(self) -> Row:
        """The frame as the model takes it."""
        row: Row = self.layout.empty(1)[0]
        self.layout.write(self.pixels, row)
        return row

    def ask(
        self, count: int, write: Callable[[int, Row], None], read: Callable[[Outputs], Values]
    ) -> Values:
        """Forward `count` inputs in chunks; `write(index, row)` fills each in place.

        Two buffers take turns, so that one chunk is written while the device works on the other.
        Returns (count, columns) of what `read` (a method of `question`) takes out of each chunk.
        """
        buffers = [self.layout.empty(min(self.chunk, count)) for _ in range(2)]
        found: list[Values] = []
        ahead: Future[Outputs] | None = None
        for number, start in enumerate(range(0, count, self.chunk)):
            batch = buffers[number % 2][: min(self.chunk, count - start)]
            for offset, row in enumerate(batch):
                write(start + offset, row)
            if ahead is not None:
                found.append(read(ahead.result()))
            ahead = self.submit(batch)
        if ahead is not None:
            found.append(read(ahead.result()))
        return np.concatenate(found)
