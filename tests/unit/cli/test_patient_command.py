"""`dropsight patient` and the Patient ID, which goes in by standard input alone."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from dropsight.cli.main import main
from dropsight.cli.store import open_store
from dropsight.domain.results import Result, Source, Study
from dropsight.imaging.deidentify import patient_pseudonym
from dropsight.settings import Settings

pytestmark = pytest.mark.unit

KEY = "a secret of at least 32 random characters"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DROPSIGHT_ROOT", str(tmp_path))
    monkeypatch.setenv("DROPSIGHT_PSEUDONYM_KEY", KEY)
    store = open_store(Settings(root=tmp_path))
    for number, patient in enumerate(("4711", "4712")):
        store.results.create(
            Result(
                result_id=f"of-{patient}",
                status="queued",
                timestamps={"queued": float(number)},
                source=Source(bucket="landing", object="o", generation=number + 1),
                study=Study(patient_id=patient_pseudonym(KEY.encode(), patient)),
            )
        )
    return tmp_path


def test_the_results_of_the_patient_on_standard_input_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("4711\n"))
    assert main(["patient"]) == 0
    assert capsys.readouterr().out == "of-4711\n"


def test_a_patient_without_results_is_an_empty_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("4713\n"))
    assert main(["patient", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_no_patient_id_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(["patient"]) == 2
    assert "found no Patient ID" in capsys.readouterr().err
