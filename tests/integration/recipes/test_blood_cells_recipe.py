"""The recipe of blood-cells, a few steps through every line of it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.requirements_check import require
from training.kit.bundle import check_bundle

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
NEEDED = ("torch", "onnx", "onnxruntime", "matplotlib", "mlflow", "tqdm")


@pytest.fixture
def smoke(tmp_path: Path) -> list[str]:
    """The command. Absent packages skip the test in CI too: there the recipes are not installed."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        pytest.skip(f"the recipes need {', '.join(absent)}: requirements/training.txt")
    require((DATA / "bccd_cells").is_dir(), "the blood smears of bccd_cells; set DROPSIGHT_DATA")
    out = str(tmp_path / "out")
    return [sys.executable, "-m", "training.blood_cells", "--smoke", "--out", out, "--threads", "1"]


def test_a_smoke_run_makes_a_whole_bundle(smoke: list[str], tmp_path: Path):
    environment = os.environ | {"DROPSIGHT_DATA": str(DATA)}
    environment.pop("MLFLOW_TRACKING_URI", None)

    done = subprocess.run(
        smoke,
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )

    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert check_bundle(out).name == "blood-cells"
    assert (out / "curves.png").stat().st_size > 0
    assert (out / "precision-recall.png").stat().st_size > 0
    assert (out / "mlflow.db").is_file()
    assert len((out / "run" / "history.jsonl").read_text().splitlines()) == 4  # one by phase
