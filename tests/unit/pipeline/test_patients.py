"""Which results are of one patient."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dropsight.adapters.backend import open_backend
from dropsight.cli.samples.film import chest_film
from dropsight.domain.events import ObjectFinalized
from dropsight.domain.results import Result, Source, Study
from dropsight.imaging.deidentify import patient_pseudonym
from dropsight.pipeline import patients
from dropsight.pipeline.patients import results_of_patient
from dropsight.settings import Settings
from tests.fakes import MemoryResultStore
from tests.toy_pipeline import BrightnessEngine, ToyPipeline

pytestmark = pytest.mark.unit

KEY = b"0123456789abcdef"


def film_of(patient: str, issuer: str) -> bytes:
    data = pydicom.dcmread(io.BytesIO(chest_film(np.zeros((32, 32), np.uint16))))
    data.PatientID, data.IssuerOfPatientID = patient, issuer
    out = io.BytesIO()
    data.save_as(out)
    return out.getvalue()


def test_the_results_of_a_patients_films_are_found_and_no_others(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path)
    toy = ToyPipeline(settings, open_backend(settings), BrightnessEngine())
    ids = {}
    for name, patient, issuer in (
        ("first", "4711", "NORTH"),
        ("second", "4711", "NORTH"),
        ("other", "4712", "NORTH"),
        ("namesake", "4711", "SOUTH"),
    ):
        film = film_of(patient, issuer)
        info = toy.backend.objects.write("landing", f"toy/{name}.dcm", film)
        event = ObjectFinalized(bucket="landing", name=info.name, generation=info.generation)
        result = toy.ingest(event)
        assert result.status == "queued", result.error
        ids[name] = result.result_id

    def found(patient: str, issuer: str) -> set[str]:
        pseudonym = patient_pseudonym(KEY, patient, issuer)
        return {one.result_id for one in results_of_patient(toy.backend.results, pseudonym)}

    assert found("4711", "NORTH") == {ids["first"], ids["second"]}
    assert found("4711", "SOUTH") == {ids["namesake"]}
    assert found("4711", "") == set()


def test_results_beyond_the_first_page_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patients, "PAGE", 3)
    store = MemoryResultStore()
    for number in range(10):
        store.create(
            Result(
                result_id=f"r-{number}",
                status="queued",
                timestamps={"queued": float(number)},
                source=Source(bucket="b", object="o", generation=1),
                study=Study(patient_id="p" if number % 4 == 0 else "q"),
            )
        )
    assert [one.result_id for one in results_of_patient(store, "p")] == ["r-8", "r-4", "r-0"]
