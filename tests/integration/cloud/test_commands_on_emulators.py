"""`dropsight dlq`, `backfill` and `patient` on the cloud's backend, against Google's emulators."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from dropsight.adapters.backend import Backend, open_backend
from dropsight.cli.main import main
from dropsight.domain.events import TOPIC_FINALIZED, TOPIC_PREDICT, DeadLetter, object_finalized
from dropsight.domain.identity import result_id
from dropsight.domain.manifests import load_manifest
from dropsight.domain.results import Result, Source, Study
from dropsight.imaging.deidentify import patient_pseudonym
from dropsight.settings import Settings
from tests.contract.pubsub_rest import pull_one, subscribe
from tests.emulators.object_server import ObjectServer
from tests.toy_bundle import write_toy_bundle

pytestmark = pytest.mark.integration

PROJECT = "commands-on-emulators"
KEY = "a key of the tests, 32 characters"


@pytest.fixture
def backend(
    tmp_path: Path,
    object_server: ObjectServer,
    firestore_emulator: str,
    pubsub_emulator: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Backend:
    write_toy_bundle(tmp_path / "toy", np.full((2, 8, 8), 1 / 64, np.float32))
    for name, value in {
        "DROPSIGHT_BACKEND": "gcp",
        "DROPSIGHT_PROJECT": PROJECT,
        "DROPSIGHT_MODELS": str(tmp_path),
        "DROPSIGHT_PSEUDONYM_KEY": KEY,
        "STORAGE_EMULATOR_HOST": object_server.address,
        "PUBSUB_EMULATOR_HOST": pubsub_emulator,
        "FIRESTORE_EMULATOR_HOST": firestore_emulator,
    }.items():
        monkeypatch.setenv(name, value)
    object_server.objects.clear("landing")
    return open_backend(Settings.from_environment())


def test_a_dead_letter_is_listed_and_goes_back_to_its_topic(
    backend: Backend, pubsub_emulator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    subscribe(pubsub_emulator, PROJECT, TOPIC_PREDICT)
    backend.dead_letters.put(
        DeadLetter(
            message_id="42",
            topic=TOPIC_PREDICT,
            data='{"resultId": "r"}',
            attempts=5,
            reason="503",
            failed_at=1.0,
        )
    )

    assert main(["dlq", "list", "--json"]) == 0
    assert [one["messageId"] for one in json.loads(capsys.readouterr().out)] == ["42"]
    assert main(["dlq", "replay", "--all"]) == 0

    _, data, _ = pull_one(pubsub_emulator, PROJECT, TOPIC_PREDICT)
    assert json.loads(data) == {"resultId": "r"}
    assert backend.dead_letters.get("42") is None


def test_files_of_the_bucket_are_announced_until_they_have_a_result(
    backend: Backend, tmp_path: Path, pubsub_emulator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    subscribe(pubsub_emulator, PROJECT, TOPIC_FINALIZED)
    info = backend.objects.write("landing", "toy/a.png", b"upload")

    assert main(["backfill"]) == 0
    assert capsys.readouterr().out == "1 published, 0 have a result\n"
    _, data, attributes = pull_one(pubsub_emulator, PROJECT, TOPIC_FINALIZED)
    assert object_finalized(json.loads(data)).generation == info.generation
    assert attributes["eventType"] == "OBJECT_FINALIZE"

    model = load_manifest(tmp_path / "toy")
    identity = result_id(
        "landing", "toy/a.png", info.generation, model.digest, model.explanation_digest
    )
    backend.results.create(_result(identity))
    assert main(["backfill"]) == 0
    assert capsys.readouterr().out == "0 published, 1 have a result\n"


def test_the_results_of_a_patient_are_found(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backend.results.create(_result("mine", patient_pseudonym(KEY.encode(), "4711")))
    backend.results.create(_result("another", patient_pseudonym(KEY.encode(), "4712")))
    monkeypatch.setattr(sys, "stdin", io.StringIO("4711\n"))
    assert main(["patient"]) == 0
    assert capsys.readouterr().out == "mine\n"


def _result(identity: str, patient: str | None = None) -> Result:
    return Result(
        result_id=identity,
        status="queued",
        timestamps={"queued": 1.0},
        source=Source(bucket="landing", object="toy/a.png", generation=1),
        study=Study(patient_id=patient),
    )
