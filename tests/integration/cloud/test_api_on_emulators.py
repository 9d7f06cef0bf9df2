"""The function `api` beside `ingest`, on Google's own Firestore emulator: list, read, delete, and a
storage event that is delivered again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import urllib3
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from dropsight.adapters.gcp.objects import CloudObjectStore
from dropsight.adapters.gcp.session import STORAGE, Session
from dropsight.domain.events import TOPIC_PREDICT
from tests.emulators.object_server import ObjectServer
from tests.integration.cloud.parts import answers, eventually, finalized, free_port, running
from tests.toy_bundle import write_toy_bundle

pytestmark = pytest.mark.integration

PROJECT = "api-on-emulators"


@dataclass
class Cloud:
    objects: CloudObjectStore
    ingest: str
    api: str

    def upload(self, name: str) -> dict[str, str]:
        """Store a picture and deliver its event; the event."""
        done, png = cv2.imencode(".png", np.full((64, 48), 200, np.uint8))
        assert done
        stored = self.objects.write("landing", name, png.tobytes(), "image/png")
        event = {
            "bucket": "landing",
            "name": name,
            "generation": str(stored.generation),
            "size": str(stored.size),
        }
        assert finalized(self.ingest, event) == 200
        return event

    def ask(
        self, method: str, target: str, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        answer = urllib3.request(method, self.api + target, headers=headers, retries=False)
        kind = answer.headers.get("content-type", "")
        return answer.status, json.loads(answer.data) if "json" in kind else answer.data

    def names(self, bucket: str) -> list[str]:
        return [one.name for one in self.objects.list(bucket)]


@pytest.fixture
def cloud(
    tmp_path: Path,
    object_server: ObjectServer,
    firestore_emulator: str,
    pubsub_emulator: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Cloud]:
    write_toy_bundle(tmp_path / "models" / "toy", np.full((2, 8, 8), 1 / 64, np.float32))
    environment = {
        "DROPSIGHT_BACKEND": "gcp",
        "DROPSIGHT_PROJECT": PROJECT,
        "DROPSIGHT_MODELS": str(tmp_path / "models"),
        "DROPSIGHT_PSEUDONYM_KEY": "a key of the tests, 32 characters",
        "STORAGE_EMULATOR_HOST": object_server.address,
        "PUBSUB_EMULATOR_HOST": pubsub_emulator,
        "FIRESTORE_EMULATOR_HOST": firestore_emulator,
    }
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)  # for the official client
    topic = f"http://{pubsub_emulator}/v1/projects/{PROJECT}/topics/{TOPIC_PREDICT}"
    assert urllib3.request("PUT", topic, json={}).status in {200, 409}  # 409: the second test's
    for bucket in ("landing", "work", "results"):
        object_server.objects.clear(bucket)
    ports = {"ingest": free_port(), "api": free_port()}
    with ExitStack() as parts:
        for name, signature in (("ingest", "cloudevent"), ("api", "http")):
            parts.enter_context(
                running(
                    "functions_framework",
                    *("--target", name, "--source", f"functions/{name}/main.py"),
                    *("--signature-type", signature, "--host", "127.0.0.1"),
                    *("--port", str(ports[name])),
                    env=environment,
                    log=tmp_path / f"{name}.log",
                )
            )
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        for name, url in urls.items():
            eventually(f"{name} listening", partial(answers, f"{url}/health"))
        objects = CloudObjectStore(Session(STORAGE, environment))
        yield Cloud(objects, f"{urls['ingest']}/", urls["api"])


def test_results_are_listed_read_and_deleted_for_good(cloud: Cloud):
    event = cloud.upload("toy/a.png")
    cloud.upload("toy/b.png")

    status, page = cloud.ask("GET", "/v1/results?model=toy&status=queued&limit=1")
    assert status == 200
    assert [one["object"] for one in page["results"]] == ["toy/b.png"]
    status, page = cloud.ask(
        "GET", f"/v1/results?model=toy&status=queued&limit=1&cursor={page['cursor']}"
    )
    (first,) = page["results"]
    assert (first["object"], page["cursor"]) == ("toy/a.png", None)
    identity = first["resultId"]
    status, result = cloud.ask("GET", f"/v1/results/{identity}")
    assert (status, result["width"], result["height"]) == (200, 48, 64)
    status, picture = cloud.ask("GET", f"/v1/results/{identity}/artifacts/display-0")
    assert (status, picture[:4]) == (200, b"\x89PNG")

    status, done = cloud.ask("DELETE", f"/v1/results/{identity}")

    assert (status, done["objects"]) == (200, 2)  # the frame and the picture
    assert cloud.names("landing") == ["toy/a.png", "toy/b.png"]
    assert [name for name in cloud.names("work") + cloud.names("results") if identity in name] == []
    assert len(cloud.names("work")) == len(cloud.names("results")) == 1  # those of b.png
    status, gone = cloud.ask("GET", f"/v1/results/{identity}")
    assert (status, gone["error"]["code"]) == (410, "result-deleted")
    # What a web client listens to: a tombstone is not in it.
    reader = firestore.Client(project=PROJECT, credentials=AnonymousCredentials())
    newest = reader.collection("results").order_by("arrivedAt", direction="DESCENDING")
    assert [one.to_dict()["source"]["object"] for one in newest.stream()] == ["toy/b.png"]

    assert finalized(cloud.ingest, event) == 200  # delivered once more, late

    tombstone = reader.collection("results").document(identity).get().to_dict()
    assert tombstone is not None
    assert (tombstone["status"], tombstone["artifacts"]) == ("deleted", [])
    assert [name for name in cloud.names("work") + cloud.names("results") if identity in name] == []
    assert cloud.ask("DELETE", f"/v1/results/{identity}?source=true")[0] == 200
    assert cloud.names("landing") == ["toy/b.png"]


def test_what_is_wrong_is_refused_in_one_shape(cloud: Cloud):
    for method, target, status, code in (
        ("GET", "/v1/results/none", 404, "result-unknown"),
        ("DELETE", "/v1/results/none", 404, "result-unknown"),
        ("GET", "/v1/results?limit=0", 400, "message-invalid"),
        ("GET", "/v1/none", 404, "address-unknown"),
        ("POST", "/v1/results", 405, "method-refused"),
    ):
        found, answer = cloud.ask(method, target)
        assert (found, answer["error"]["code"]) == (status, code)
    foreign = {"origin": "http://evil.example"}
    assert cloud.ask("DELETE", "/v1/results/none", foreign)[0] == 403
    assert cloud.ask("GET", "/v1/results", {"host": "evil.example"})[0] == 403
    assert cloud.ask("GET", "/v1/openapi.json")[0] == 200
    assert cloud.ask("GET", "/v1/docs")[0] == 200
