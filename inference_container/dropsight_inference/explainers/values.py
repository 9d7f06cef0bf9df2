"""What is explained: numbers that a model's answer holds, one column for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Finding
from dropsight.domain.suppression import intersection_over_union
from dropsight.imaging.resize import to_frame
from dropsight_inference.explainers.neighbourhood import Area, neighbourhood
from dropsight_inference.runtimes import Outputs, Row, Shares
from dropsight_inference.tasks import OBJECT_TASKS, classification

Values = npt.NDArray[np.float64]
"""(inputs, columns)."""


class Question(Protocol):
    @property
    def labels(self) -> Sequence[str]:
        """The id of each column's label."""
        ...

    @property
    def area(self) -> Area | None:
        """Where things are hidden to find out; None is the whole picture."""
        ...

    def values(self, outputs: Outputs) -> Values:
        """In [0, 1]: what deletion and insertion are measured on."""
        ...

    def log_odds(self, outputs: Outputs) -> Values:
        """log(v / (1 - v)) of the values, exact where they round to 0 or 1.

        Raises ExplanationUnavailable where they are no probabilities.
        """
        ...


@dataclass(frozen=True)
class LabelQuestion:
    """Why these labels of a classifier: their calibrated probabilities."""

    manifest: Manifest
    positions: Sequence[int]
    """Of the labels in model.yaml."""

    @property
    def labels(self) -> list[str]:
        return [self.manifest.labels[position].id for position in self.positions]

    @property
    def area(self) -> None:
        """The whole picture."""
        return None

    def values(self, outputs: Outputs) -> Values:
        """See `Question.values`."""
        chances: Values = classification.probabilities(outputs.logits, self.manifest)
        return chances[:, list(self.positions)]

    def log_odds(self, outputs: Outputs) -> Values:
        """See `Question.log_odds`."""
        odds: Values = classification.log_odds(outputs.logits, self.manifest)
        return odds[:, list(self.positions)]


@dataclass(frozen=True)
class ObjectQuestion:
    """Why this object: is it still found, where it was?

    The value is that of D-RISE (Petsiuk et al., 2021, arXiv:2006.03204): over all candidates of the
    answer, the best of IoU with the object's box times the score of the object's label. Deviation:
    the paper also multiplies by the cosine of the two vectors of class probabilities, which the
    score of the one label takes the place of here. Masks do not count.
    """

    manifest: Manifest
    frame: Frame
    found: Finding

    @property
    def labels(self) -> list[str]:
        return [self.found.label]

    @property
    def area(self) -> Area:
        """Where things are hidden."""
        return neighbourhood(self.found, self.frame)

    def values(self, outputs: Outputs) -> Values:
        """See `Question.values`; one column."""
        rows = next(len(tensor) for tensor in outputs.tensors.values())
        best = [self._match(outputs.row(index)).max(initial=0.0) for index in range(rows)]
        return np.array(best, np.float64)[:, None]

    def log_odds(self, outputs: Outputs) -> Values:  # noqa: ARG002 (there are none)
        """Raises ExplanationUnavailable: a score is no probability, and is 0 where nothing is."""
        raise ExplanationUnavailable(
            "parameters of lime: target: found 'log-odds', legal for an object is 'probability', "
            "its score times its overlap"
        )

    def score(self, outputs: Outputs, tensors: Mapping[str, Any]) -> Any:
        """The score of the candidate of the first input that is the object, taken from `tensors`.

        outputs
            What a forward pass gave for the input, by which the candidate is found.
        tensors
            The same answer as tensors of the runtime's own, by the same names, of which gradients
            can be taken.

        Raises ExplanationUnavailable where no candidate overlaps the object.
        """
        match = self._match(outputs.row(0))
        if match.max(initial=0.0) <= 0.0:
            raise ExplanationUnavailable(
                f"object: {self.found.label!r} at {self.found.box} is no longer found in its own "
                "frame; drop the file again"
            )
        task = OBJECT_TASKS[self.manifest.task]
        return task.score_of(tensors, int(match.argmax()), self._label, self.manifest)

    @property
    def shares(self) -> Shares:
        """The object's box within the model's input."""
        ((x, y, width, height),) = to_frame(np.array([self.found.box], np.float64), self.frame)
        rows, columns = self.frame.pixels.shape[1:3]
        return x / columns, y / rows, (x + width) / columns, (y + height) / rows

    @property
    def _label(self) -> int:
        return [label.id for label in self.manifest.labels].index(self.found.label)

    def _match(self, row: Row) -> npt.NDArray[np.float64]:
        """(candidates,): IoU with the object times score."""
        boxes, chances = OBJECT_TASKS[self.manifest.task].candidates(row, self.manifest, self.frame)
        box = np.array(self.found.box, np.float64)
        shares: npt.NDArray[np.float64] = intersection_over_union(box, boxes)
        return shares * chances[:, self._label]
