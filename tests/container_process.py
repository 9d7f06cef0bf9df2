"""The container as a process of its own, on loopback, and what Linux says of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3

from dropsight.settings import Settings

MIB = 1024 * 1024


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def start_container(
    settings: Settings, port: int, stdout: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """`python -m dropsight_inference`, without allocator settings of this process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    return subprocess.Popen(
        [sys.executable, "-m", "dropsight_inference"],
        env={
            **kept,
            "DROPSIGHT_ROOT": str(settings.root),
            "DROPSIGHT_MODELS": str(settings.models),
            "DROPSIGHT_MODEL_CACHE": str(settings.model_cache),
            "PORT": str(port),
        },
        stdout=stdout,
        text=True,
    )


def wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    with urllib3.PoolManager(retries=False) as http:
        while process.poll() is None:
            try:
                if http.request("GET", f"{url}/readyz").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.05)
    raise AssertionError(f"ended with {process.returncode}: {process.communicate()[0]}")


@dataclass(frozen=True)
class Process:
    """A container that is ready."""

    url: str
    pid: int
    http: urllib3.PoolManager

    def predict(self, model: str, file: bytes, query: str = "") -> bytes:
        """The answer to a file; raises AssertionError where it is not 200."""
        response = self.http.request(
            "POST", f"{self.url}/v1/models/{model}:predict{query}", body=file
        )
        assert response.status == 200, response.data[:500]
        return bytes(response.data)

    def bytes_read(self) -> int:
        """By read(2) and its like, cached or not, since the process began: proc_pid_io(5)."""
        return self._number("io", "rchar")

    def resident_bytes(self) -> int:
        """proc_pid_status(5), VmRSS."""
        return 1024 * self._number("status", "VmRSS")

    def peak_bytes(self) -> int:
        """proc_pid_status(5), VmHWM."""
        return 1024 * self._number("status", "VmHWM")

    def _number(self, file: str, field: str) -> int:
        lines = Path(f"/proc/{self.pid}/{file}").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


@contextmanager
def running_process(settings: Settings) -> Iterator[Process]:
    port = free_port()
    # A pipe that nobody reads would stop the container after some hundred lines of its log.
    process = start_container(settings, port, subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process)
        with urllib3.PoolManager(maxsize=16, retries=False) as http:
            yield Process(url, process.pid, http)
    finally:
        process.terminate()
        process.communicate(timeout=30)
