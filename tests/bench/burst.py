"""A burst through a real `dropsight up`, beside the simulation of it that `dropsight plan` makes.

    .venv/bin/python -m tests.bench.burst

First some files one after the other, each alone: how long a file takes with nothing in its way, and
how much CPU time its ingest and its prediction use. Then FILES at once: when each had its findings.
The simulation is given the first half and has to say the second: one instance, whose device is
this machine's cores, takes all ingests and predictions. No explanations: nothing hides the queue.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from dropsight.adapters.backend import open_backend
from dropsight.domain.results import Result
from dropsight.planning.scenario import ArrivalSpec, Platform, PoolSpec, Scenario
from dropsight.planning.simulation.run import simulate
from dropsight.planning.workload import Workload
from dropsight.ports import ResultStore
from dropsight.settings import Settings
from tests.bench.pipeline import BUNDLE, REPOSITORY, pictures, wait_until_ready
from tests.bench.table import print_table

ALONE = 20
FILES = 200
TICKS = os.sysconf("SC_CLK_TCK")
INFERENCE = "dropsight_inference"


class Laptop:
    def __init__(self, root: Path) -> None:
        models = root / "models"
        shutil.copytree(BUNDLE, models / BUNDLE.name)
        manifest = yaml.safe_load((BUNDLE / "model.yaml").read_text("utf-8"))
        (models / BUNDLE.name / "model.yaml").write_text(
            yaml.safe_dump(manifest | {"explanations": []}), "utf-8"
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.root = root
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "dropsight.cli.main", "up", "--no-open"),
                *("--root", str(root), "--models", str(models), "--port", str(port)),
            ],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until_ready(port)
        self.results: ResultStore = open_backend(Settings(root=root)).results
        self.landing = root / "bucket" / BUNDLE.name
        self.landing.mkdir(parents=True, exist_ok=True)
        self.landed: dict[str, float] = {}

    def drop(self, files: Sequence[Path]) -> None:
        """All of them, by rename, as fast as it goes."""
        for path in files:
            draft = self.root / path.name
            shutil.copyfile(path, draft)
            draft.rename(self.landing / path.name)
            self.landed[f"{BUNDLE.name}/{path.name}"] = time.time()

    def wait(self, count: int) -> None:
        while sum(one.status != "queued" for one in self.results.list(count + 1)) < count:
            time.sleep(0.05)

    def waits(self, results: Sequence[Result]) -> list[float]:
        """Seconds from landing to findings."""
        return [one.timestamps["predicted"] - self.landed[one.source.object] for one in results]

    def cpu_seconds(self) -> tuple[float, float]:
        """Of the inference container, and of all other parts."""
        inference = others = 0.0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
                command = (stat.parent / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            fields = text.rpartition(")")[2].split()
            if str(self.root) not in _environment(stat.parent):
                continue
            spent = (int(fields[11]) + int(fields[12])) / TICKS
            if INFERENCE in command:
                inference += spent
            else:
                others += spent
        return inference, others

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def _environment(process: Path) -> str:
    try:
        return (process / "environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def simulated(ingest_s: float, predict_s: float, alone_s: float, cores: float) -> list[float]:
    """Seconds from landing to findings of FILES at once, as the planner's simulation has them."""
    pool = PoolSpec(cpu=cores, concurrency=10_000, min_instances=1, max_instances=1)
    scenario = Scenario(
        arrivals=ArrivalSpec(files=FILES, over_s=0.0),
        pools={"laptop": pool},
        stages={"ingest": "laptop", "predict": "laptop", "explain": "laptop"},
        platform=Platform(delivery_s=0.0, first_window=10_000, full_window=10_000),
    )
    per_frame = predict_s / cores
    waiting = max(0.0, alone_s - ingest_s - predict_s) / 2
    workload = Workload(
        arrivals=np.zeros(FILES),
        model=np.zeros(FILES, np.intp),
        models=["film"],
        ingest_s=[ingest_s / cores],
        predict_s=[[per_frame * size for size in range(9)]],
        chunk_s=[0.0],
        asked=[[]],
        answer_s={"ingest": waiting, "predict": waiting, "explain": 0.0},
    )
    outcome = simulate(scenario, workload)
    return list(outcome.found - outcome.arrived)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        pictures(source)
        files = sorted(source.iterdir())
        laptop = Laptop(Path(folder) / "root")
        try:
            laptop.drop(files[:1])  # warms every part up
            laptop.wait(1)
            before = laptop.cpu_seconds()
            for number in range(1, ALONE + 1):
                laptop.drop([files[number]])
                laptop.wait(number + 1)
            after = laptop.cpu_seconds()
            alone = float(np.median(laptop.waits(laptop.results.list(ALONE))))
            started = time.perf_counter()
            spent = sum(laptop.cpu_seconds())
            laptop.drop(files[ALONE + 1 : ALONE + 1 + FILES])
            laptop.wait(ALONE + 1 + FILES)
            passed = time.perf_counter() - started
            cores = (sum(laptop.cpu_seconds()) - spent) / passed
            real = laptop.waits(laptop.results.list(FILES))
        finally:
            laptop.end()
    predict_s, ingest_s = ((b - a) / ALONE for a, b in zip(before, after, strict=True))
    expected = simulated(ingest_s, predict_s, alone, cores)
    print(
        f"one file alone: {alone:.3f} s; CPU: ingest and the rest {ingest_s * 1000:.0f} ms, "
        f"prediction {predict_s * 1000:.0f} ms; cores had in the burst: {cores:.2f}; load average "
        f"{os.getloadavg()[0]:.1f}\n"
    )
    rows = [
        [f"{share} % of {FILES} files have findings after", *(f"{one:.2f} s" for one in pair)]
        for share in (5, 50, 95, 100)
        if (pair := (np.percentile(real, share), np.percentile(expected, share)))
    ]
    print_table(["", "dropsight up", "simulated"], rows)


if __name__ == "__main__":
    main()
