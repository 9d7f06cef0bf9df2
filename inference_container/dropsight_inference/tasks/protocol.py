"""What a module of this package offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import CandidateSet, Finding
from dropsight.imaging.resize import Boxes
from dropsight_inference.runtimes import Outputs, Row


@dataclass(frozen=True)
class Read:
    """What the model says of all frames of one upload."""

    findings: list[Finding]
    candidates: CandidateSet | None = None
    """Detection and segmentation only."""


class ObjectTask(Protocol):
    """What detection and segmentation offer besides, for the explanation of one object."""

    def candidates(self, row: Row, manifest: Manifest, frame: Frame) -> tuple[Boxes, Boxes]:
        """Everything that one input may hold, before any threshold, in the order of the tensors.

        Boxes (n, 4) as x, y, width, height in source pixels, cut off at the edges of the source,
        and scores by label (n, labels) in [0, 1]; both float64.
        """
        ...

    def score_of(
        self, tensors: Mapping[str, Any], position: int, label: int, manifest: Manifest
    ) -> Any:
        """The score of candidate `position` of the first input for `label` (its position in
        model.yaml), out of the tensors of any framework, so that it can be differentiated."""
        ...


class Task(Protocol):
    def check(self, outputs: Outputs, rows: int, manifest: Manifest) -> None:
        """Refuse what is not an answer for `rows` inputs: InferenceFailed."""
        ...

    def read(self, rows: Sequence[Row], manifest: Manifest, frame: Frame) -> Read:
        """One row for each frame of the upload, in order; boxes and masks in source pixels."""
        ...
