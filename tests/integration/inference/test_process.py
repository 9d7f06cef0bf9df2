"""The container as a process: how it starts, and how it ends."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from dropsight.settings import Settings
from tests.container_process import free_port, start_container, wait_until_ready

pytestmark = pytest.mark.integration


@pytest.mark.skipif(sys.platform != "linux", reason="glibc reads these variables on Linux alone")
def test_it_starts_with_an_allocator_that_keeps_its_blocks_and_ends_when_told(
    settings: Settings,
) -> None:
    port = free_port()
    process = start_container(settings, port)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()

    for name in (b"MALLOC_MMAP_THRESHOLD_", b"MALLOC_TRIM_THRESHOLD_", b"MALLOC_TOP_PAD_"):
        assert name in environment
    assert process.returncode == -signal.SIGTERM  # drained, then the signal's own end
    assert '"message": "ready"' in said
    assert "Traceback" not in said


def test_a_bundle_that_cannot_be_served_ends_it_with_a_sentence(settings: Settings) -> None:
    (settings.models / "toy" / "model.onnx").write_bytes(b"other bytes")

    process = start_container(settings, free_port())
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "artifact.sha256: the file has" in said
    assert "Traceback" not in said
