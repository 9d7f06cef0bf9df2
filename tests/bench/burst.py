"""A burst through a real `dropsight up`, beside the simulation of it that `dropsight plan` makes.

    .venv/bin/python -m tests.bench.burst [--times FILE]

Some files go through one after the other, each alone: how long one takes with nothing in its way,
and how much CPU time all parts but the model use for it. Then FILES at once: when each had its
findings. The simulation is given the first, and the model's times from the times file (the shipped
one, or one that `dropsight plan --measure` wrote on this machine), and has to say the second: one
instance, whose device is this machine's cores, takes all ingests and predictions. No explanations:
nothing hides the queue.
"""

from __future__ import annotations

import argparse
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
from dropsight.planning.times import load_times
from dropsight.planning.workload import Workload
from dropsight.ports import ResultStore
from dropsight.settings import Settings
from tests.bench.pipeline import BUNDLE, REPOSITORY, pictures, wait_until_ready
from tests.bench.table import print_table

ALONE = 20
IDLE_S = 3.0
FILES = 200
CORES = len(os.sched_getaffinity(0))
TICKS = os.sysconf("SC_CLK_TCK")
INFERENCE = "dropsight_inference"


class Laptop:
    def __init__(self, root: Path) -> None:
        models = root / "models"
        _without_explanations(models / BUNDLE.name)
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


def simulated(
    ingest_s: float, predict_s: Sequence[float], alone_s: float, cores: float
) -> list[float]:
    """Seconds from landing to findings of FILES at once, as the planner's simulation has them.

    ingest_s: CPU seconds of a file but for the model. predict_s: by frames in a batch, with all
    cores. cores: how many of them there were for us.
    """
    pool = PoolSpec(cpu=cores, concurrency=10_000, min_instances=1, max_instances=1)
    scenario = Scenario(
        arrivals=ArrivalSpec(files=FILES, over_s=0.0),
        pools={"laptop": pool},
        stages={"ingest": "laptop", "predict": "laptop", "explain": "laptop"},
        platform=Platform(delivery_s=0.0, first_window=10_000, full_window=10_000),
    )
    slower = CORES / cores
    waiting = max(0.0, alone_s - ingest_s - predict_s[1]) / 2
    workload = Workload(
        arrivals=np.zeros(FILES),
        model=np.zeros(FILES, np.intp),
        models=["film"],
        ingest_s=[ingest_s / cores],
        predict_s=[[seconds * slower for seconds in predict_s]],
        chunk_s=[0.0],
        asked=[[]],
        answer_s={"ingest": waiting, "predict": waiting, "explain": 0.0},
    )
    outcome = simulate(scenario, workload)
    return list(outcome.found - outcome.arrived)


def _without_explanations(bundle: Path) -> None:
    shutil.copytree(BUNDLE, bundle)
    manifest = yaml.safe_load((BUNDLE / "model.yaml").read_text("utf-8"))
    (bundle / "model.yaml").write_text(yaml.safe_dump(manifest | {"explanations": []}), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        pictures(source)
        files = sorted(source.iterdir())
        table = load_times(options.times).model(BUNDLE.name).batch_table(8)
        laptop = Laptop(Path(folder) / "root")
        try:
            laptop.drop(files[:1])  # warms every part up
            laptop.wait(1)
            before = laptop.cpu_seconds()[1]
            time.sleep(IDLE_S)
            idle = (laptop.cpu_seconds()[1] - before) / IDLE_S
            before, started = laptop.cpu_seconds()[1], time.perf_counter()
            for number in range(1, ALONE + 1):
                laptop.drop([files[number]])
                laptop.wait(number + 1)
            passed = time.perf_counter() - started
            others_s = max(0.0, laptop.cpu_seconds()[1] - before - idle * passed) / ALONE
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
    expected = simulated(others_s, table, alone, cores)
    print(
        f"one file alone: {alone:.3f} s; CPU of all but the model {others_s * 1000:.0f} ms; "
        f"batches of 1 and 8: {table[1] * 1000:.0f} and {table[8] * 1000:.0f} ms; "
        f"cores had in the burst: {cores:.2f} of {CORES}; load average {os.getloadavg()[0]:.1f}\n"
    )
    rows = [
        [f"{share} % of {FILES} files have findings after", *(f"{one:.2f} s" for one in pair)]
        for share in (5, 50, 95, 100)
        if (pair := (np.percentile(real, share), np.percentile(expected, share)))
    ]
    print_table(["", "dropsight up", "simulated"], rows)


if __name__ == "__main__":
    main()
