"""Milliseconds by stage, for the timeline on every result."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Stopwatch:
    def __init__(self) -> None:
        self.timeline: dict[str, float] = {}
        """Milliseconds by stage, wall clock."""

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add({stage: (time.perf_counter() - started) * 1000})

    def add(self, timeline: Mapping[str, float]) -> None:
        """Add milliseconds that somebody else took the time of."""
        for stage, elapsed in timeline.items():
            self.timeline[stage] = round(self.timeline.get(stage, 0.0) + elapsed, 3)
