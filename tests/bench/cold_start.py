"""What a cold start of the ingest function costs, beside the cloud clients that it does without.

    .venv/bin/python -m tests.bench.cold_start

Each row is a fresh interpreter; rows take turns, so that a slow minute of the machine hits all of
them. Shown are the median and the ratio to the peer: importing the official client libraries alone.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.bench.table import print_table

REPOSITORY = Path(__file__).parents[2]
ROUNDS = 7

PEER = "import google.cloud.storage, google.cloud.pubsub_v1, google.cloud.firestore"
FLOOR = "import functions_framework, numpy"
ADAPTERS = """
from dropsight.adapters.gcp import documents, messages, objects
"""
FUNCTION = """
import sys
sys.path.insert(0, "functions/ingest")
import main
from dropsight.adapters.gcp import documents, messages, objects
"""


def importing(code: str) -> float:
    """Seconds from the start of the process to its end."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
    return time.perf_counter() - started


def first_answer() -> float:
    """Seconds from the start of the function's process to its first answered event."""
    with tempfile.TemporaryDirectory() as root, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        landing = Path(root) / "bucket" / "cxr-pneumonia"
        landing.mkdir(parents=True)
        (landing / "not-an-image.txt").write_text("hello")
        stat = (landing / "not-an-image.txt").stat()
        started = time.perf_counter()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "functions_framework", "--target", "ingest"),
                *("--source", "functions/ingest/main.py", "--signature-type", "cloudevent"),
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
            cwd=REPOSITORY,
            env={**os.environ, "DROPSIGHT_ROOT": root},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            event = {
                "bucket": "landing",
                "name": "cxr-pneumonia/not-an-image.txt",
                "generation": str(stat.st_mtime_ns // 1000),
                "size": str(stat.st_size),
            }
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/",
                json.dumps(event).encode(),
                {
                    "content-type": "application/json",
                    "ce-id": "1",
                    "ce-source": "//storage.googleapis.com/projects/_/buckets/landing",
                    "ce-type": "google.cloud.storage.object.v1.finalized",
                    "ce-specversion": "1.0",
                },
            )
            while True:
                try:
                    urllib.request.urlopen(request, timeout=30).close()
                except urllib.error.HTTPError:
                    raise
                except OSError:
                    time.sleep(0.005)  # not listening yet
                else:
                    return time.perf_counter() - started
        finally:
            process.terminate()
            process.wait()


ROWS: dict[str, Callable[[], float]] = {
    "peer: import of google-cloud-storage, -pubsub, -firestore": lambda: importing(PEER),
    "floor: import of functions-framework and NumPy": lambda: importing(FLOOR),
    "ours: import of the three cloud adapters": lambda: importing(ADAPTERS),
    "ours: import of the whole function with them": lambda: importing(FUNCTION),
    "ours: process start to first answered event": first_answer,
}


def main() -> None:
    seconds: dict[str, list[float]] = {name: [] for name in ROWS}
    for _ in range(ROUNDS + 1):
        for name, measure in ROWS.items():
            seconds[name].append(measure())
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    peer = next(iter(medians.values()))
    print_table(
        ["cold start", "median s", "ratio to the peer"],
        [[name, f"{value:.2f}", f"{value / peer:.2f}"] for name, value in medians.items()],
    )


if __name__ == "__main__":
    main()
