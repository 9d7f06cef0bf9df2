"""Starts `dropsight up` as its user would, in a folder and on ports of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import urllib3

from dropsight.adapters.embedded import places
from dropsight.adapters.embedded.documents import SqliteResultStore
from dropsight.domain.results import Result
from dropsight.settings import Settings
from tests.e2e.tiny_bundle import NAME, write_bundle

LEASE_S = 5
PATIENCE_S = 180.0
COMMAND = (sys.executable, "-m", "dropsight.cli.main")
HTTP = urllib3.PoolManager(retries=False, timeout=30.0)


class Laptop:
    """One root with a tiny model behind the route cxr/."""

    def __init__(self, folder: Path, model: str = NAME) -> None:
        self.root = folder / "root"
        self.bucket = self.root / "bucket"
        self.models = folder / "models"
        self.output = folder / "up.txt"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("DROPSIGHT_")},
            "DROPSIGHT_ROOT": str(self.root),
            "DROPSIGHT_MODELS": str(self.models),
            "DROPSIGHT_ROUTES": json.dumps({"cxr": model}),
            # After a kill -9 the next worker waits for the dead one's lease.
            "DROPSIGHT_LEASE_S": str(LEASE_S),
        }
        write_bundle(self.models, model)
        (self.bucket / "cxr").mkdir(parents=True)

    def up(self) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*COMMAND, "up", "--no-open", "--port", "0"],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.wait_for(lambda: b"dropsight is up" in self.output.read_bytes(), "start")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command on the same root."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def end(self) -> int:
        """Ctrl-C; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            self.process.kill()

    @property
    def url(self) -> str:
        return str(json.loads((self.root / ".dropsight" / "up.lock").read_text())["url"])

    def get(self, path: str) -> Any:
        answer = HTTP.request("GET", self.url + path)
        assert answer.status == 200, answer.data
        return json.loads(answer.data)

    @property
    def results(self) -> Sequence[Result]:
        settings = Settings(root=self.root)
        return SqliteResultStore(places.documents_file(settings)).list(10_000)

    def ended(self, count: int) -> bool:
        return sum(r.status in ("explained", "failed") for r in self.results) >= count

    def parts(self) -> dict[str, int]:
        """Process id by part: the children of the supervisor, told apart by what they run."""
        assert self.process is not None
        return {_part(pid): pid for pid in _children(self.process.pid)}

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            told = self.output.read_text() if self.output.exists() else ""
            assert time.monotonic() < deadline, f"{what}: not reached; dropsight said:\n{told}"
            time.sleep(0.05)


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def family(parent: int) -> list[int]:
    """All descendants of a process."""
    children = _children(parent)
    return children + [one for child in children for one in family(child)]


def _part(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    for name, mark in (
        ("inference", "dropsight_inference"),
        ("ingest", "ingest"),
        ("dead-letter", "dead_letter"),
        ("notify", "notify"),
        ("page", "dropsight.cli.page"),
        ("dispatcher", "dropsight.cli.dispatcher"),
    ):
        if mark in words:
            return name
    return f"unknown {words}"


def alive(pid: int) -> bool:
    """False for a process that has ended, also if nobody has waited for it yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
