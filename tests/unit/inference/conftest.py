"""Engines over toy networks, closed when the test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.toy_bundle import write_toy_bundle

MakeEngine = Callable[..., Engine]


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[MakeEngine]:
    """`make_engine(weights, **write_toy_bundle's)`: an engine that serves them as `toy`."""
    made: list[Engine] = []

    def make(
        weights: npt.NDArray[np.float32],
        *,
        batch_size: int = 8,
        batch_wait_ms: float = 5.0,
        **bundle: Any,
    ) -> Engine:
        folder = write_toy_bundle(tmp_path / "toy", weights, **bundle)
        made.append(Engine({"toy": load_model(folder, 1)}, batch_size, batch_wait_ms, Metrics()))
        return made[-1]

    yield make
    for engine in made:
        engine.close()
