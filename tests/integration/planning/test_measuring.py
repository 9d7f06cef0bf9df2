"""`dropsight plan --measure` times a real bundle, and the plan reads what it wrote."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dropsight.cli.main import main
from dropsight.cli.samples.film import chest_film
from dropsight.cli.samples.phantom import draw_chest
from dropsight.planning.times import load_times
from dropsight_inference.measuring.model_times import measure_model
from tests.e2e.tiny_bundle import NAME, write_bundle

pytestmark = pytest.mark.integration


def test_a_bundle_is_measured_by_step_and_planned_with(tmp_path: Path, capfd):
    models, times = tmp_path / "models", tmp_path / "times.yaml"
    write_bundle(models)
    subprocess.run(
        [
            *(sys.executable, "-m", "dropsight.cli.main", "plan", "--measure"),
            *("--models", str(models), "--to", str(times), "--rounds", "1"),
        ],
        check=True,
        timeout=240,
    )

    measured = load_times(times)
    model = measured.model(NAME)
    assert list(model.predict_ms) == [1, 2, 4, 8]
    assert all(ms > 0 for ms in (model.ingest_ms, *model.predict_ms.values()))
    assert model.explanations, "the tiny bundle asks for explanations"
    for one in model.explanations.values():
        assert one.ms > 0
        assert one.files >= 1
        assert one.bytes > 0
    assert model.document_bytes > 500

    capfd.readouterr()
    command = ["plan", "--files-per-day", "500", "--p95", "60", "--times", str(times)]
    assert main([*command, "--mix", f"{NAME}=1"]) == 0
    assert "findings for 95 of 100 files within 60 s: kept" in capfd.readouterr().out


def test_a_file_that_the_model_refuses_says_why(tmp_path: Path):
    models = tmp_path / "models"
    write_bundle(models)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no picture")

    ended = subprocess.run(
        [
            *(sys.executable, "-m", "dropsight.cli.main", "plan", "--measure"),
            *("--models", str(models), "--to", str(tmp_path / "t.yaml"), "--rounds", "1"),
            *("--file", f"{NAME}={broken}"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )

    assert ended.returncode == 1
    assert f"{NAME} on broken.dcm: the content is of no format" in ended.stderr
    assert not (tmp_path / "t.yaml").exists()


def test_a_bundle_that_asks_for_no_explanation_is_measured_without(tmp_path: Path):
    models = tmp_path / "models"
    write_bundle(models)
    manifest = models / NAME / "model.yaml"
    manifest.write_text(yaml.safe_dump(yaml.safe_load(manifest.read_text()) | {"explanations": []}))
    film = tmp_path / "film.dcm"
    film.write_bytes(chest_film(draw_chest(seed=3)))

    times = measure_model(models / NAME, film, rounds=1)

    assert times.explanations == {}
    assert times.predict_ms[1] > 0


def test_times_are_written_as_people_can_read_them(tmp_path: Path):
    """The shipped file has the form that the command writes."""
    shipped = Path(load_times.__code__.co_filename).parent / "data" / "times-2-cpu-cores.yaml"
    plain = yaml.safe_load(shipped.read_text())

    assert plain["machine"]["command"] == "dropsight plan --measure"
    assert list(plain["models"]["cxr-pneumonia"]["predictMs"]) == [1, 2, 4, 8]
