"""The wiring: which adapters the settings give, where they keep things, and what they import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dropsight.adapters.backend import open_backend
from dropsight.settings import Settings
from tests.contract.records import letter, queued

pytestmark = pytest.mark.contract


def test_a_laptop_keeps_uploads_in_sight_and_the_rest_hidden(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, landing_bucket="in")
    backend = open_backend(settings)

    for bucket in ("in", "work", "results"):
        backend.objects.write(bucket, "x", bucket.encode())
    backend.publisher.publish("topic", b"{}")
    backend.results.create(queued())
    backend.dead_letters.put(letter())

    assert sorted(one.name for one in tmp_path.iterdir()) == [".dropsight", "bucket"]
    assert (tmp_path / "bucket" / "x").read_bytes() == b"in"
    assert (tmp_path / ".dropsight" / "work" / "x").read_bytes() == b"work"
    assert (tmp_path / ".dropsight" / "results" / "x").read_bytes() == b"results"


def test_a_second_process_on_the_same_folder_sees_the_same(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path)
    open_backend(settings).results.create(queued())

    assert open_backend(settings).results.get("r1") == queued()


@pytest.mark.parametrize(
    ("backend", "absent"),
    [
        ("embedded", ("urllib3", "google.auth")),
        ("gcp", ("sqlite3", "google.auth", "google.api_core", "grpc", "requests")),
    ],
)
def test_a_backend_imports_nothing_of_the_other(
    tmp_path: Path, backend: str, absent: tuple[str, ...]
) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from dropsight.adapters.backend import open_backend\n"
        "from dropsight.settings import Settings\n"
        f"open_backend(Settings(backend={backend!r}, root=Path({str(tmp_path)!r})))\n"
        f"print([name for name in {absent!r} if name in sys.modules])\n"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout

    assert printed == "[]\n"
