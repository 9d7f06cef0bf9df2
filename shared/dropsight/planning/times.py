"""Measured times by model: what `dropsight plan --measure` writes and the planner reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from dropsight.domain.errors import PlanInvalid
from dropsight.planning.files import PlanRecord, parse_yaml, read_yaml, shipped

SHIPPED = "times-2-cpu-cores.yaml"
Milliseconds = Annotated[float, msgspec.Meta(ge=0.0)]
Bytes = Annotated[int, msgspec.Meta(ge=0)]


class Machine(PlanRecord, kw_only=True, frozen=True):
    """Where and when the times were taken."""

    description: str
    cpu_cores: Annotated[int, msgspec.Meta(ge=1)]
    accelerator: str | None = None
    date: str
    """YYYY-MM-DD."""
    command: str = ""


class ExplanationTimes(PlanRecord, kw_only=True, frozen=True):
    """One message of the second stage: one method, for `labels` labels of one frame."""

    ms: Milliseconds
    labels: Annotated[int, msgspec.Meta(ge=1)] = 1
    bytes: Bytes = 0
    """Heatmaps and overlays that it writes."""
    files: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Objects that it writes."""
    planned: bool = True
    """Whether model.yaml asks for it for every file."""


class ModelTimes(PlanRecord, kw_only=True, frozen=True):
    version: str
    runtime: str
    task: str
    device: Literal["cpu", "cuda"] = "cpu"
    """What the model ran on."""
    input: str
    """What was measured on."""
    input_bytes: Bytes
    ingest_ms: Milliseconds
    """From the bytes of the file to the bytes of frame and picture, on one core."""
    frame_bytes: Bytes
    display_bytes: Bytes
    document_bytes: Bytes
    """The result document as JSON, after its last step."""
    start_ms: Milliseconds
    """Loading the bundle and warming it up, in a process that has imported everything."""
    predict_ms: dict[int, Milliseconds]
    """By size of the batch: reading the frames, the forward pass, and reading the outputs."""
    explanations: dict[str, ExplanationTimes] = {}
    """By method."""

    def batch_table(self, size: int) -> list[float]:
        """Seconds by number of frames, [0] to [size]; between measured sizes by a straight line,
        and past the largest with the slope of the last two (or in proportion, with one)."""
        known = sorted(self.predict_ms.items())
        return [0.0] + [_at(known, count) / 1000.0 for count in range(1, size + 1)]


class Times(PlanRecord, kw_only=True, frozen=True):
    schema_version: Literal[1] = 1
    machine: Machine
    models: dict[str, ModelTimes]

    def model(self, name: str) -> ModelTimes:
        """Raises PlanInvalid where nothing was measured of it."""
        if name not in self.models:
            raise PlanInvalid(
                f"model {name!r}: the times file has {', '.join(sorted(self.models))}; measure it "
                "with dropsight plan --measure --models DIR --to FILE, and name that with --times"
            )
        return self.models[name]


def load_times(path: Path | None = None) -> Times:
    """A file of the user, or the one that comes with dropsight. Raises PlanInvalid."""
    times = parse_yaml(shipped(SHIPPED), Times, SHIPPED) if path is None else read_yaml(path, Times)
    for name, model in times.models.items():
        if not model.predict_ms or min(model.predict_ms) != 1:
            raise PlanInvalid(
                f"{path or SHIPPED}: models.{name}.predictMs: found sizes "
                f"{sorted(model.predict_ms)}, expected 1 and others such as 2, 4 and 8"
            )
    return times


def _at(known: list[tuple[int, float]], count: int) -> float:
    if len(known) == 1:
        return known[0][1] * count / known[0][0]
    lower = max((pair for pair in known[:-1] if pair[0] <= count), default=known[0])
    upper = known[known.index(lower) + 1]
    slope = (upper[1] - lower[1]) / (upper[0] - lower[0])
    return lower[1] + slope * (count - lower[0])
