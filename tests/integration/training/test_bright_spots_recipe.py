"""`python -m training.bright_spots --smoke`: every line of the recipe, in under a minute."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from dropsight.domain.manifests import load_manifest
from tests.requirements_check import require

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
NEEDED = ("torch", "matplotlib", "mlflow", "onnx", "skimage", "sklearn", "tqdm")
PICTURES = ("curves.png", "examples.png", "hubble.jpg", "snr.png", "spacing.png")


def test_the_recipe_makes_a_whole_bundle_from_a_seed(tmp_path: Path):
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    require(not missing, f"what the recipe needs (requirements/training.txt): {missing}")
    out = tmp_path / "bright-spots"
    done = subprocess.run(
        [sys.executable, "-m", "training.bright_spots", "--smoke", "--out", str(out)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    manifest = load_manifest(out)
    assert (manifest.name, manifest.task, manifest.input.resize) == (
        "bright-spots",
        "detection",
        "tile",
    )
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "{" not in card
    assert all(name in card and (out / name).stat().st_size > 1000 for name in PICTURES)
    assert len((out / "run" / "history.jsonl").read_text().splitlines()) == 2
