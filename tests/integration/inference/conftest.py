"""A running container that serves `toy`: two labels, the upper and the lower half of a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dropsight.settings import Settings
from tests.toy_bundle import write_toy_bundle
from tests.toy_container import SIDE, Container, running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    weights = np.zeros((2, SIDE, SIDE), np.float32)
    weights[0, : SIDE // 2], weights[1, SIDE // 2 :] = 1.0, -1.0
    write_toy_bundle(tmp_path / "models" / "toy", weights)
    return replace(
        Settings(),
        root=tmp_path,
        models=tmp_path / "models",
        model_cache=tmp_path / "cache",
        batch_size=4,
        max_in_flight=4,
    )


@pytest.fixture
def container(settings: Settings) -> Iterator[Container]:
    """Ready: its warm-up is over."""
    with running(settings) as container:
        container.service.warm_up.join()
        yield container
