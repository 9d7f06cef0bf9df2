"""Times and scenarios with round numbers."""

from __future__ import annotations

from typing import Any

from dropsight.planning.scenario import ArrivalSpec, Platform, PoolSpec, Scenario
from dropsight.planning.times import ExplanationTimes, Machine, ModelTimes, Times

FILM = ModelTimes(
    version="1",
    runtime="onnx",
    task="classification",
    input="film.dcm, 1000 x 1000",
    input_bytes=1_000_000,
    ingest_ms=100.0,
    frame_bytes=100_000,
    display_bytes=200_000,
    document_bytes=5_000,
    start_ms=1_000.0,
    predict_ms={1: 20.0, 2: 30.0, 8: 90.0},
    explanations={
        "grad-cam": ExplanationTimes(ms=1_000.0, bytes=500_000, files=2),
        "lime": ExplanationTimes(ms=4_000.0, bytes=500_000, files=2, planned=False),
    },
)
SPOTS = ModelTimes(
    version="1",
    runtime="onnx",
    task="detection",
    input="spots.tif, 640 x 480",
    input_bytes=500_000,
    ingest_ms=50.0,
    frame_bytes=100_000,
    display_bytes=100_000,
    document_bytes=20_000,
    start_ms=1_000.0,
    predict_ms={1: 500.0},
    explanations={"overlay": ExplanationTimes(ms=100.0, bytes=100_000, files=1)},
)
TIMES = Times(
    machine=Machine(description="a machine of tests", cpu_cores=2, date="2026-11-21"),
    models={"film": FILM, "spots": SPOTS},
)


def pools(**changes: Any) -> dict[str, PoolSpec]:
    """Three pools; `predict={...}` sets fields of one."""
    base = {
        "ingest": {"cpu": 1.0, "memory_gib": 2.0, "cold_start_s": 5.0, "billing": "request"},
        "predict": {"concurrency": 16, "max_instances": 20},
        "explain": {"concurrency": 4, "max_instances": 50},
    }
    return {name: PoolSpec(**(fields | changes.get(name, {}))) for name, fields in base.items()}


def burst(files: int = 200, over_s: float = 10.0, **changes: Any) -> Scenario:
    fields: dict[str, Any] = {
        "arrivals": ArrivalSpec(files=files, over_s=over_s),
        "mix": {"film": 1.0},
        "pools": pools(),
        "platform": Platform(),
    }
    return Scenario(**(fields | changes))
