"""The recipe of blood-cells from the pictures to a bundle that can be served, in a minute."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropsight_inference.bundle import load_model
from tests.requirements_check import require

for needed in ("torch", "matplotlib", "mlflow", "onnx", "tqdm"):
    pytest.importorskip(needed, reason=f"{needed} is not installed (requirements/training.txt)")

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))


def test_a_smoke_run_ends_in_a_bundle_that_loads(tmp_path: Path):
    require((DATA / "bccd_cells").is_dir(), "the frames of bccd_cells; set DROPSIGHT_DATA")
    paths = (REPOSITORY, REPOSITORY / "shared", REPOSITORY / "inference_container")
    environment = {
        **os.environ,
        "DROPSIGHT_DATA": str(DATA),
        "PYTHONPATH": os.pathsep.join(str(path) for path in paths),
    }
    environment.pop("MLFLOW_TRACKING_URI", None)

    subprocess.run(
        [sys.executable, "-m", "training.blood_cells", "--smoke", "--out", str(tmp_path / "out")],
        cwd=REPOSITORY,
        env=environment,
        check=True,
    )

    out = tmp_path / "out"
    assert {path.name for path in out.iterdir() if path.is_file()} >= {
        "MODEL_CARD.md",
        "curves.png",
        "model.onnx",
        "model.yaml",
        "precision-recall.png",
    }
    assert load_model(out).manifest.task == "detection"
    assert "MIT licence" in (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert len((out / "run" / "history.jsonl").read_text().splitlines()) == 4
