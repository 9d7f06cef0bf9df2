"""Servers that several kinds of tests share; each starts when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulators.gcloud_emulators import missing_parts, running_emulator
from tests.emulators.object_server import ObjectServer, running_object_server
from tests.requirements_check import require

FIRESTORE_RULES = Path(__file__).parents[1] / "firestore" / "firestore.rules"


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectServer]:
    with running_object_server(page_size=3) as server:
        yield server


@pytest.fixture(scope="session")
def firestore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port`, for FIRESTORE_EMULATOR_HOST. A project of one's own keeps tests apart.

    It holds clients to our security rules; servers come as its owner and pass.
    """
    _require_emulator("firestore")
    folder = tmp_path_factory.mktemp("firestore")
    with running_emulator("firestore", folder, FIRESTORE_RULES) as address:
        yield address


@pytest.fixture(scope="session")
def pubsub_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port`, for PUBSUB_EMULATOR_HOST. Has no topics yet."""
    _require_emulator("pubsub")
    with running_emulator("pubsub", tmp_path_factory.mktemp("pubsub")) as address:
        yield address


def _require_emulator(kind: str) -> None:
    missing = missing_parts(kind)
    require(not missing, f"Google's {kind} emulator needs {missing}, not found on this machine")
