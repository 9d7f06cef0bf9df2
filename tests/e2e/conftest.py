"""A laptop for each test, ended by its own handle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.laptop import Laptop
from tests.requirements_check import require


@pytest.fixture(autouse=True, scope="session")
def _linux() -> None:
    require(Path("/proc/self/stat").exists(), "these tests find processes in Linux's /proc")


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    made = Laptop(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """One that is up, for tests that only look or add."""
    made = Laptop(tmp_path_factory.mktemp("laptop"))
    made.up()
    yield made
    made.close()
