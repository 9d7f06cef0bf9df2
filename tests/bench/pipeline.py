"""The whole embedded pipeline on 500 small files, beside the bare forward pass of its model.

    .venv/bin/python -m tests.bench.pipeline

A real `dropsight up` with all its processes; files land in its folder by rename. Measured is the
time from the first file to the last document that reached its state. The floor is the same model
on the same prepared pixels, batched, in a process of its own, right before and right after.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import yaml

from dropsight.adapters.backend import open_backend
from dropsight.settings import Settings
from tests.bench.table import print_table

REPOSITORY = Path(__file__).parents[2]
BUNDLE = REPOSITORY / "models" / "cxr-pneumonia"
FILES = 500
EXPLAINED_FILES = 60
"""An explanation with its fidelity is some 60 forward passes, so fewer files take as long."""
BATCH = 8


def pictures(folder: Path) -> None:
    """FILES different 256 x 256 greyscale PNG files."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:256, 0:256] / 256
    for number in range(FILES):
        waves = np.sin(x * random.uniform(2, 9)) + np.cos(y * random.uniform(2, 9))
        noisy = 127 + 50 * waves + random.normal(0, 6, waves.shape)
        cv2.imwrite(str(folder / f"{number:03}.png"), np.clip(noisy, 0, 255).astype(np.uint8))


def bare_forward() -> float:
    """Images per second in batches of BATCH, model loaded and warm."""
    session = onnxruntime.InferenceSession(
        BUNDLE / "model.onnx", providers=["CPUExecutionProvider"]
    )
    spec = session.get_inputs()[0]
    batch = np.random.default_rng(0).random((BATCH, *spec.shape[1:]), np.float32)
    names = [session.get_outputs()[0].name]
    session.run(names, {spec.name: batch})
    started = time.perf_counter()
    for _ in range(0, FILES, BATCH):
        session.run(names, {spec.name: batch})
    return FILES / (time.perf_counter() - started)


def pipeline(source: Path, count: int, explanations: list[str]) -> tuple[float, float]:
    """Files per second until `count` results are predicted, and until all are explained."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        models = root / "models"
        shutil.copytree(BUNDLE, models / BUNDLE.name)
        manifest = yaml.safe_load((BUNDLE / "model.yaml").read_text("utf-8"))
        manifest["explanations"] = [
            one for one in manifest["explanations"] if one["method"] in explanations
        ]
        (models / BUNDLE.name / "model.yaml").write_text(yaml.safe_dump(manifest), "utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "dropsight.cli.main", "up", "--no-open"),
                *("--root", str(root), "--models", str(models), "--port", str(port)),
            ],
            cwd=REPOSITORY,
            env={**os.environ, "DROPSIGHT_BATCH_SIZE": str(BATCH)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until_ready(port)
            warm_up(root, source)
            started = time.perf_counter()
            landing = root / "bucket" / BUNDLE.name
            for path in sorted(source.iterdir())[:count]:
                draft = root / path.name
                shutil.copyfile(path, draft)
                draft.rename(landing / path.name)
            return watch(root, count, started)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def wait_until_ready(port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("dropsight up did not answer within a minute")


def warm_up(root: Path, source: Path) -> None:
    """One file through all steps, so that every part is loaded."""
    landing = root / "bucket" / BUNDLE.name
    landing.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(next(source.iterdir()), landing / "warm-up.png")
    results = open_backend(Settings(root=root)).results
    while not any(r.status in ("explained", "failed") for r in results.list()):
        time.sleep(0.05)


def watch(root: Path, count: int, started: float) -> tuple[float, float]:
    results = open_backend(Settings(root=root)).results
    predicted = 0.0
    while True:
        statuses = [r.status for r in results.list(count + 1)]
        now = time.perf_counter() - started
        if "failed" in statuses:
            raise RuntimeError("a file failed; see the logs of dropsight up")
        if not predicted and statuses.count("queued") == 0 and len(statuses) == count + 1:
            predicted = now
        if statuses.count("explained") == count + 1:
            return count / predicted, count / now
        time.sleep(0.25)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        pictures(source)
        floor = [bare_forward()]
        plain, _ = pipeline(source, FILES, [])
        floor.append(bare_forward())
        predicted, explained = pipeline(source, EXPLAINED_FILES, ["grad-cam"])
        floor.append(bare_forward())
    bare = statistics.median(floor)
    rows = [
        ("floor: bare forward of the model, batched", bare),
        (f"ours: {FILES} files predicted, no explanations asked for", plain),
        (f"ours: {EXPLAINED_FILES} files predicted, while Grad-CAM explains", predicted),
        (f"ours: {EXPLAINED_FILES} files explained by Grad-CAM with fidelity", explained),
    ]
    print_table(
        ["whole pipeline", "files/s", "share of the floor"],
        [[name, f"{rate:.1f}", f"{rate / bare:.2f}"] for name, rate in rows],
    )


if __name__ == "__main__":
    main()
