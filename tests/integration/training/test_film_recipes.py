"""The recipes that learn from chest films, from the first line to the last, on a few of them."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropsight.domain.manifests import load_manifest
from tests.requirements_check import require

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
TRAINING = ("matplotlib", "mlflow", "sklearn", "tqdm")


def needs(*packages: str) -> None:
    for package in (*packages, *TRAINING):
        require(importlib.util.find_spec(package), f"{package} is not installed")
    require(
        (DATA / "cxr_pneumonia" / "images.zip").exists(),
        "the chest films of cxr_pneumonia; set DROPSIGHT_DATA",
    )


def run(code: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *code],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "DROPSIGHT_DATA": str(DATA)},
    )
    assert done.returncode == 0, done.stderr[-3000:]


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.timeout(1200)  # minutes of one core, and the machine may be busy
def test_cxr_keras_lime_makes_a_whole_bundle(tmp_path: Path) -> None:
    needs("tensorflow")
    out = tmp_path / "cxr-keras-lime"

    run(["-m", "training.cxr_keras_lime", "--smoke", "--out", str(out), "--threads", "1"])

    pictures = {"curves.png", "calibration.png"}
    assert files_of(out) >= {"model.keras", "model.yaml", "MODEL_CARD.md", *pictures}
    assert load_manifest(out).runtime == "tensorflow"
    assert "CC BY 4.0" in (out / "MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.timeout(1200)  # minutes of one core, and the machine may be busy
def test_cxr_pneumonia_makes_its_two_bundles(tmp_path: Path) -> None:
    needs("torch", "onnx", "onnxruntime")
    out = tmp_path / "cxr-pneumonia"

    run(["-m", "training.cxr_pneumonia", "--smoke", "--out", str(out)])

    assert files_of(out) >= {"model.onnx", "model.yaml", "MODEL_CARD.md", "curves.png"}
    beside = tmp_path / "cxr-pneumonia-torch"
    assert files_of(beside) == {"weights.pt", "network.py", "model.yaml", "MODEL_CARD.md"}
    assert load_manifest(beside).runtime == "torch"


RESUMED = """
import sys
from dataclasses import replace
from pathlib import Path
from training.cxr_keras_lime.settings import Recipe
from training.cxr_keras_lime.targets import hard_targets
from training.cxr_keras_lime.train import Trainer

films, root = Path(sys.argv[1]), Path(sys.argv[2])
recipe = replace(Recipe().smoke(), limit=6, size=32)

def trained(run, epochs, resume=False):
    run.mkdir(exist_ok=True)
    trainer = Trainer(recipe, films, run)
    if resume:
        trainer.restore()
    for _ in range(epochs):
        trainer.finish_epoch(trainer.run_epoch(hard_targets(trainer.films), lambda count: None))
    return trainer.history.entries

straight = trained(root / "straight", 2)
trained(root / "broken", 1)
resumed = trained(root / "broken", 1, resume=True)
for one, other in zip(straight, resumed, strict=True):
    assert all(abs(one[name] - other[name]) < 1e-3 for name in one), (straight, resumed)
"""


@pytest.mark.timeout(1200)  # minutes of one core, and the machine may be busy
def test_cxr_keras_lime_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    needs("tensorflow")

    run(["-c", RESUMED, str(DATA / "cxr_pneumonia"), str(tmp_path)])
