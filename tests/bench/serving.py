"""Throughput of `:predict` over HTTP beside the bare batched forward pass of the same network.

    .venv/bin/python -m tests.bench.serving

The container runs as its own process, clients are threads of this one. Each answer costs reading
the request, decoding a PNG, the forward pass and writing the document. The floor is onnxruntime on
batches that are ready in memory, measured right before and right after.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import onnxruntime
import urllib3

from dropsight.imaging.png import encode_png
from tests.bench.small_network import film, write_small_bundle
from tests.bench.table import print_table

BATCH = 8
SECONDS = 4.0
CLIENTS = (1, 8, 32)


def bare(bundle: Path) -> float:
    """Images a second, in batches of BATCH."""
    session = onnxruntime.InferenceSession(
        bundle / "model.onnx", providers=["CPUExecutionProvider"]
    )
    batch = np.random.default_rng(0).random((BATCH, 1, 224, 224), np.float32)
    session.run(["logits"], {"input": batch})
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        session.run(["logits"], {"input": batch})
        done += BATCH
    return done / (time.perf_counter() - started)


def served(url: str, clients: int, body: bytes) -> float:
    """Answers a second with so many clients, each asking again as soon as it is answered."""
    done = [0] * clients
    stop = threading.Event()
    with urllib3.PoolManager(maxsize=clients, retries=False) as http:

        def client(number: int) -> None:
            while not stop.is_set():
                answer = http.request("POST", f"{url}/v1/models/small:predict", body=body)
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: {answer.data.decode()}")
                done[number] += 1

        threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)  # until all are under way
        before, started = sum(done), time.perf_counter()
        time.sleep(SECONDS)
        rate = (sum(done) - before) / (time.perf_counter() - started)
        stop.set()
        for thread in threads:
            thread.join()
    return rate


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        root = Path(folder)
        bundle = write_small_bundle(root / "models" / "small")
        port = free.getsockname()[1]
        free.close()
        url = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [sys.executable, "-m", "dropsight_inference"],
            env={
                **os.environ,
                "DROPSIGHT_ROOT": str(root),
                "DROPSIGHT_MODELS": str(root / "models"),
                "PORT": str(port),
            },
            stdout=subprocess.DEVNULL,
        )
        try:
            body = encode_png(film())
            with urllib3.PoolManager(retries=urllib3.Retry(40, backoff_factor=0.1)) as http:
                while http.request("GET", f"{url}/readyz").status != 200:
                    time.sleep(0.1)
            floor = [bare(bundle)]
            rates = {clients: served(url, clients, body) for clients in CLIENTS}
            floor.append(bare(bundle))
        finally:
            process.terminate()
            process.wait()
    best = max(floor)
    print_table(
        ["", "images a second", "share of the bare forward"],
        [
            [f"bare batched forward ({BATCH})", f"{best:.0f}", "1.00"],
            *[
                [
                    f"HTTP, {clients} client{'s' * (clients > 1)}",
                    f"{rate:.0f}",
                    f"{rate / best:.2f}",
                ]
                for clients, rate in rates.items()
            ],
        ],
    )


if __name__ == "__main__":
    main()
