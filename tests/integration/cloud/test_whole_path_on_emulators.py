"""One upload through the real function and the real container, on Google's own emulators.

The object server stands for Cloud Storage, the test for Eventarc; the Pub/Sub emulator pushes to
the container, and the result is read with the official Firestore client, as a web client would.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from dropsight.adapters.gcp.objects import CloudObjectStore
from dropsight.adapters.gcp.session import STORAGE, Session
from dropsight.domain.events import TOPIC_EXPLAIN, TOPIC_PREDICT
from tests.emulators.object_server import ObjectServer
from tests.integration.cloud.parts import (
    answers,
    eventually,
    finalized,
    free_port,
    push_to,
    running,
)
from tests.toy_bundle import write_toy_bundle

pytestmark = pytest.mark.integration

PROJECT = "whole-path"


def test_an_upload_is_explained_and_the_official_client_reads_it(
    tmp_path: Path, object_server: ObjectServer, firestore_emulator: str, pubsub_emulator: str
):
    models = tmp_path / "models"
    write_toy_bundle(models / "toy", np.full((2, 8, 8), 1 / 64, np.float32))
    container, function = free_port(), free_port()
    environment = {
        "DROPSIGHT_BACKEND": "gcp",
        "DROPSIGHT_PROJECT": PROJECT,
        "DROPSIGHT_MODELS": str(models),
        "DROPSIGHT_PSEUDONYM_KEY": "a key of the tests, 32 characters",
        "STORAGE_EMULATOR_HOST": object_server.address,
        "PUBSUB_EMULATOR_HOST": pubsub_emulator,
        "FIRESTORE_EMULATOR_HOST": firestore_emulator,
    }
    push_to(pubsub_emulator, PROJECT, TOPIC_PREDICT, f"http://127.0.0.1:{container}/pubsub/predict")
    push_to(pubsub_emulator, PROJECT, TOPIC_EXPLAIN, f"http://127.0.0.1:{container}/pubsub/explain")
    for bucket in ("landing", "work", "results"):
        object_server.objects.clear(bucket)
    objects = CloudObjectStore(Session(STORAGE, environment))
    reader = firestore.Client(project=PROJECT, credentials=AnonymousCredentials())
    with ExitStack() as parts:
        parts.enter_context(
            running(
                "dropsight_inference",
                env={**environment, "PORT": str(container)},
                log=tmp_path / "container.log",
            )
        )
        parts.enter_context(
            running(
                "functions_framework",
                *("--target", "ingest", "--source", "functions/ingest/main.py"),
                *("--signature-type", "cloudevent", "--host", "127.0.0.1"),
                *("--port", str(function)),
                env=environment,
                log=tmp_path / "function.log",
            )
        )
        eventually("container ready", lambda: answers(f"http://127.0.0.1:{container}/readyz"))
        eventually("function listening", lambda: answers(f"http://127.0.0.1:{function}/health"))

        done, png = cv2.imencode(".png", np.full((64, 48), 200, np.uint8))
        assert done
        stored = objects.write("landing", "toy/a.png", png.tobytes(), "image/png")
        event = {
            "bucket": "landing",
            "name": "toy/a.png",
            "generation": str(stored.generation),
            "size": str(stored.size),
        }
        url = f"http://127.0.0.1:{function}/"
        assert finalized(url, event) == 200
        assert finalized(url, event) in {200, 503}  # done, or being worked on: come back later

        def explained() -> Any:
            found = [one.to_dict() for one in reader.collection("results").stream()]
            assert all(one["status"] != "failed" for one in found), found
            return [one for one in found if one["status"] == "explained"]

        (result,) = eventually("result explained", explained)
    assert result["source"]["generation"] == stored.generation
    assert [one["label"] for one in result["findings"]] == ["one", "two"]
    assert {one["method"] for one in result["explanations"]} == {"grad-cam", "lime"}
    assert {one["status"] for one in result["explanations"]} == {"done"}
    for artifact in result["artifacts"]:
        written = objects.read(artifact["bucket"], artifact["object"])
        assert written.startswith(b"\x89PNG")
    overlay = next(a for a in result["artifacts"] if a["name"].startswith("overlay-grad-cam"))
    picture = cv2.imdecode(
        np.frombuffer(objects.read(overlay["bucket"], overlay["object"]), np.uint8),
        cv2.IMREAD_COLOR,
    )
    assert picture is not None
    assert picture.shape[0] >= 64
    assert picture.shape[1] >= 48


@pytest.fixture(autouse=True)
def _official_client(firestore_emulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
