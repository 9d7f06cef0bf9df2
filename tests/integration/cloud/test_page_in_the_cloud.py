"""A page in the cloud, from its preflight to the deletion: the functions as processes, Google's own
Firestore emulator, signed addresses, a session that is interrupted."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from PIL import Image

from tests.emulators.object_server import ObjectServer
from tests.emulators.resumable import UNIT
from tests.integration.cloud.page_cloud import HTTP, PageCloud, running_page_cloud
from tests.integration.cloud.parts import REPOSITORY, answers, eventually, finalized, free_port
from tests.integration.cloud.parts import running as running_part
from tests.toy_bundle import write_toy_bundle

pytestmark = pytest.mark.integration

PROJECT = "page-in-the-cloud"
PAGE = "https://page.example"


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory,
    object_server: ObjectServer,
    firestore_emulator: str,
    pubsub_emulator: str,
) -> Iterator[PageCloud]:
    folder = tmp_path_factory.mktemp("page-cloud")
    write_toy_bundle(folder / "models" / "toy", np.full((2, 8, 8), 1 / 64, np.float32))
    with running_page_cloud(
        folder,
        storage=object_server,
        firestore=firestore_emulator,
        pubsub=pubsub_emulator,
        models=folder / "models",
        project=PROJECT,
        settings={
            "DROPSIGHT_PROJECTS": '{"toy": "north"}',
            "DROPSIGHT_PAGE_ORIGINS": PAGE,
        },
    ) as running:
        yield running


def picture(size: int) -> bytes:
    """A PNG of noise, which is as large as its pixels."""
    noise = np.random.default_rng(3).integers(0, 255, (size, size), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def preflight(url: str, method: str, headers: str) -> dict[str, str]:
    answer = HTTP.request(
        "OPTIONS",
        url,
        headers={
            "origin": PAGE,
            "access-control-request-method": method,
            "access-control-request-headers": headers,
        },
    )
    return {name.lower(): value for name, value in answer.headers.items()}


def send(upload: dict[str, Any], data: bytes) -> str:
    """As a page does: begin a session, send some, be cut off, ask how far it got, send the rest.
    The generation of the object."""
    allowed = preflight(upload["url"], upload["method"], ",".join(upload["headers"]))
    assert allowed["access-control-allow-origin"] == PAGE
    begun = HTTP.request(
        upload["method"], upload["url"], headers={**upload["headers"], "origin": PAGE}
    )
    assert begun.status == 201, begun.data
    assert "location" in begun.headers["access-control-expose-headers"]
    session = begun.headers["location"]
    assert "access-control-allow-origin" in preflight(session, "PUT", "content-range")
    part = data[: UNIT + 1000]
    sent = {"content-range": f"bytes 0-{len(part) - 1}/{len(data)}", "origin": PAGE}
    assert HTTP.request("PUT", session, body=part, headers=sent).status == 308
    asked = {"content-range": f"bytes */{len(data)}", "origin": PAGE}
    status = HTTP.request("PUT", session, headers=asked)
    assert (status.status, status.headers["range"]) == (308, f"bytes=0-{UNIT - 1}")
    assert "range" in status.headers["access-control-expose-headers"]
    rest = {"content-range": f"bytes {UNIT}-{len(data) - 1}/{len(data)}", "origin": PAGE}
    done = HTTP.request("PUT", session, body=data[UNIT:], headers=rest)
    assert (done.status, done.headers["access-control-allow-origin"]) == (200, PAGE)
    return str(done.headers["x-goog-generation"])


def test_from_an_upload_in_chunks_to_feedback_and_deletion(
    cloud: PageCloud, firestore_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = cloud.token("ada", name="Ada", projects=["north"])
    stranger = cloud.token("eve", projects=["south"], admin=True)
    admin = cloud.token("grace", projects=["north"], admin=True)
    data = picture(800)
    assert len(data) > 2 * UNIT

    # The page asks for an address; its browser asks first whether it may.
    allowed = preflight(f"{cloud.api}/v1/uploads", "POST", "authorization,content-type")
    assert allowed["access-control-allow-origin"] == PAGE
    wanted = {"name": "noise.png", "route": "toy", "size": len(data), "contentType": "image/png"}
    answer = cloud.ask("POST", "/v1/uploads", reader, wanted, {"origin": PAGE})
    assert answer.status == 201, answer.data
    assert answer.headers["access-control-allow-origin"] == PAGE
    upload = answer.json()
    assert cloud.ask("POST", "/v1/uploads", stranger, wanted).status == 422

    generation = send(upload, data)

    # Storage tells ingest, which makes the result of the project of the route.
    event = {
        "bucket": "landing",
        "name": upload["object"],
        "generation": generation,
        "size": str(len(data)),
    }
    assert finalized(cloud.ingest, event) == 200
    (shown,) = cloud.ask("GET", "/v1/results", reader).json()["results"]
    assert (shown["object"], shown["project"]) == (upload["object"], "north")
    one = f"/v1/results/{shown['resultId']}"
    assert cloud.ask("GET", "/v1/results", stranger).json()["results"] == []
    for token, expected in ((reader, 200), (stranger, 404), ("", 401), ("x.y.z", 401)):
        assert cloud.ask("GET", one, token).status == expected

    # The pictures are read from Cloud Storage, by addresses that hold their own permission.
    addresses = cloud.ask("GET", f"{one}/addresses", reader).json()["addresses"]
    shown_picture = HTTP.request("GET", addresses["display-0"], headers={"origin": PAGE})
    assert (shown_picture.status, shown_picture.data[:4]) == (200, b"\x89PNG")
    assert shown_picture.headers["access-control-allow-origin"] == PAGE
    assert cloud.ask("GET", f"{one}/addresses", stranger).status == 404

    # Feedback lies below the result, where clients listen.
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
    database = firestore.Client(project=PROJECT, credentials=AnonymousCredentials())
    below = database.collection("results").document(shown["resultId"]).collection("feedback")
    said = cloud.ask("POST", f"{one}/feedback", reader, {"verdict": "disagree", "comment": "no"})
    assert said.status == 201, said.data
    assert cloud.ask("POST", f"{one}/feedback", stranger, {"verdict": "agree"}).status == 404
    (stored,) = (document.to_dict() or {} for document in below.stream())
    assert (stored["authorUid"], stored["authorName"], stored["comment"]) == ("ada", "Ada", "no")

    # Only an administrator of the project deletes, and then nothing of it is left.
    for token, expected in ((reader, 403), (stranger, 404), (admin, 200)):
        deletion = cloud.ask("DELETE", one, token)
        assert deletion.status == expected, deletion.data
    assert deletion.json()["feedback"] == 1
    assert list(below.stream()) == []
    assert HTTP.request("GET", addresses["display-0"]).status == 404


def test_without_a_token_every_address_is_401_and_another_page_reads_nothing(
    cloud: PageCloud,
) -> None:
    for method, target in (
        *(
            ("GET", "/v1/results"),
            ("GET", "/v1/docs"),
            ("GET", "/v1/none"),
            ("POST", "/v1/uploads"),
        ),
        *(("DELETE", "/v1/results/x"), ("OPTIONS", "/v1/results"), ("PUT", "/")),
    ):
        answer = cloud.ask(method, target, headers={"origin": "https://evil.example"})
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert json.loads(answer.data)["error"]["code"] == "unauthenticated"
        assert "access-control-allow-origin" not in answer.headers


def test_on_cloud_run_an_unsigned_token_opens_nothing(cloud: PageCloud, tmp_path: Path) -> None:
    environment: dict[str, Any] = {**cloud.environment, "K_SERVICE": "api"}
    environment["FIREBASE_AUTH_EMULATOR_HOST"] = ""
    port = free_port()
    with running_part(
        "functions_framework",
        *("--target", "api", "--source", "functions/api/main.py"),
        *("--host", "127.0.0.1", "--port", str(port)),
        env=environment,
        log=tmp_path / "api.log",
    ):
        url = f"http://127.0.0.1:{port}"
        eventually("api listening", lambda: answers(f"{url}/health"))
        token = cloud.token(projects=["north"], admin=True)
        for headers in ({}, {"authorization": f"Bearer {token}"}):
            answer = HTTP.request("GET", f"{url}/v1/results", headers=headers)
            assert answer.status == 401, answer.data


def test_on_cloud_run_the_function_does_not_start_beside_the_auth_emulator(
    cloud: PageCloud,
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import functions.api.main"],
        cwd=REPOSITORY,
        env={**os.environ, **cloud.environment, "K_SERVICE": "api"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "unsigned tokens would let everybody in" in ended.stderr
