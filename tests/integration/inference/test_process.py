"""The container as a process: how it starts, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import urllib3

from dropsight.settings import Settings

pytestmark = pytest.mark.integration


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _start(settings: Settings, port: int) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    return subprocess.Popen(
        [sys.executable, "-m", "dropsight_inference"],
        env={
            **kept,
            "DROPSIGHT_ROOT": str(settings.root),
            "DROPSIGHT_MODELS": str(settings.models),
            "PORT": str(port),
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def _wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    with urllib3.PoolManager(retries=False) as http:
        while process.poll() is None:
            try:
                if http.request("GET", f"{url}/readyz").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.05)
    raise AssertionError(f"ended with {process.returncode}: {process.communicate()[0]}")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc reads these variables on Linux alone")
def test_it_starts_with_an_allocator_that_keeps_its_blocks_and_ends_when_told(
    settings: Settings,
) -> None:
    port = _free_port()
    process = _start(settings, port)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", process)
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

    process = _start(settings, _free_port())
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "artifact.sha256: the file has" in said
    assert "Traceback" not in said
