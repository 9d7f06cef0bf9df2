"""What a module of this package offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import CandidateSet, Finding
from dropsight_inference.runtimes import Outputs, Row


@dataclass(frozen=True)
class Read:
    """What the model says of all frames of one upload."""

    findings: list[Finding]
    candidates: CandidateSet | None = None
    """Detection and segmentation only."""


class Task(Protocol):
    def check(self, outputs: Outputs, rows: int, manifest: Manifest) -> None:
        """Refuse what is not an answer for `rows` inputs: InferenceFailed."""
        ...

    def read(self, rows: Sequence[Row], manifest: Manifest, frame: Frame) -> Read:
        """One row for each frame of the upload, in order; boxes and masks in source pixels."""
        ...
