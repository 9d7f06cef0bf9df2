"""What is deployed of each function: its archive, in an environment of its requirements alone."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import urllib3

from dropsight.adapters.backend import Backend, open_backend
from dropsight.domain.changes import after_ingest
from dropsight.domain.events import TOPIC_RESULTS
from dropsight.domain.results import Result, Source
from dropsight.domain.wire import encode
from dropsight.imaging.png import encode_png
from dropsight.settings import Settings
from tests.integration.functions.archives import NAMES, archive_files, installed, started, unpacked
from tests.webhook_receiver import running_receiver

pytestmark = pytest.mark.integration

MODEL = "cxr-pneumonia"


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    return installed(archive_files("ingest")["requirements.txt"], folder / "venv")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings(), root=tmp_path / "root")


@pytest.fixture
def backend(settings: Settings) -> Backend:
    """The stores that the function works on."""
    return open_backend(settings)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    return {"DROPSIGHT_ROOT": str(settings.root), **more}


def post(url: str, body: Any, headers: Mapping[str, str] | None = None) -> int:
    return urllib3.request(
        "POST",
        url,
        body=json.dumps(body).encode(),
        headers={"content-type": "application/json", **(headers or {})},
        retries=False,
        timeout=60,
    ).status


def pushed(data: bytes, subscription: str, attributes: dict[str, str] | None = None) -> Any:
    """The body of a push, as a subscription without an envelope of its own sends it."""
    return {
        "message": {
            "data": base64.b64encode(data).decode(),
            "attributes": attributes or {},
            "messageId": "m1",
            "publishTime": "2026-11-21T06:00:00Z",
        },
        "subscription": f"projects/p/subscriptions/{subscription}",
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_holds_text_and_nothing_that_would_be_built_instead(name: str):
    files = archive_files(name)

    assert {"main.py", "requirements.txt", "dropsight/__init__.py", "dropsight/settings.py"} <= set(
        files
    )
    assert f"models/{MODEL}/model.yaml" in files
    assert not [one for one in files if one.startswith("dropsight/cli/")]
    # The buildpack would take these for the project, and terraform's file() only text.
    assert not {"pyproject.toml", "setup.py", "uv.lock", "Pipfile"} & set(files)
    for inside, path in files.items():
        assert path.read_text(encoding="utf-8"), f"{inside} is empty"
    assert sum(path.stat().st_size for path in files.values()) < 2 * 1024 * 1024


def test_the_requirements_name_the_framework_and_no_path():
    lines = archive_files("api")["requirements.txt"].read_text().splitlines()

    # How the buildpack finds out that it need not add the framework itself.
    assert any(line.startswith("functions-framework==") for line in lines)
    assert not [line for line in lines if line.startswith(("-e", "./", "--index", "--extra-index"))]


def test_all_sources_compile_and_the_adapters_of_the_cloud_are_importable(
    tmp_path: Path, commands: Path
):
    source = unpacked("ingest", tmp_path)
    for arguments in (
        ["-m", "compileall", "-q", "."],
        ["-c", "import google.auth.jwt, cryptography, dropsight.adapters.gcp.documents"],
    ):
        done = subprocess.run(
            [str(commands / "python"), *arguments],
            cwd=source,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_ingest_takes_an_upload(
    tmp_path: Path, commands: Path, settings: Settings, backend: Backend
):
    rng = np.random.default_rng(1)
    picture = encode_png(rng.integers(0, 256, (256, 256), np.uint8))
    stored = backend.objects.write("landing", f"{MODEL}/a.png", picture, "image/png")
    event = {"bucket": "landing", "name": stored.name, "generation": str(stored.generation)}
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "//storage.googleapis.com/projects/_/buckets/landing",
        "ce-type": "google.cloud.storage.object.v1.finalized",
    }
    source = unpacked("ingest", tmp_path)
    with started("ingest", source, commands, environment(settings), tmp_path / "log") as url:
        assert post(url, event, headers) == 200

    (result,) = backend.results.list()
    assert result.status == "queued"
    assert "prepared" in result.timestamps
    assert result.model is not None
    assert result.model.name == MODEL


def test_dead_letter_keeps_a_message(
    tmp_path: Path, commands: Path, settings: Settings, backend: Backend
):
    queued = Result(
        result_id="r1",
        status="queued",
        timestamps={"queued": 1.0},
        source=Source(bucket="landing", object="a.png", generation=1),
    )
    backend.results.create(queued)
    lost = {
        "schemaVersion": 1,
        "resultId": "r1",
        "model": MODEL,
        "frame": {"bucket": "work", "name": "f", "generation": 1},
        "requestedAt": 1.0,
    }
    attributes = {
        "CloudPubSubDeadLetterSourceSubscription": f"dropsight-predict-{MODEL}-push",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
    }
    body = pushed(json.dumps(lost).encode(), "dropsight-dead-letter-push", attributes)
    source = unpacked("dead_letter", tmp_path)
    with started("dead_letter", source, commands, environment(settings), tmp_path / "log") as url:
        assert post(f"{url}/projects/p/topics/dropsight-dead-letter", body) == 200

    (letter,) = backend.dead_letters.list()
    assert (letter.topic, letter.attempts, letter.result_id) == ("dropsight-predict", 5, "r1")
    failed = backend.results.get("r1")
    assert failed is not None
    assert failed.status == "failed"


def test_api_answers(tmp_path: Path, commands: Path, settings: Settings):
    source = unpacked("api", tmp_path)
    with started("api", source, commands, environment(settings), tmp_path / "log") as url:
        answer = urllib3.request("GET", f"{url}/v1/results", retries=False, timeout=60)

    assert answer.status == 200, answer.data
    assert answer.json()["results"] == []


def test_notify_tells_a_subscriber(
    tmp_path: Path, commands: Path, settings: Settings, backend: Backend
):
    queued = Result(
        result_id="r1",
        status="queued",
        timestamps={"queued": 1.0, "prepared": 2.0},
        source=Source(bucket="landing", object="a.png", generation=1),
    )
    backend.results.create(queued)
    (change,) = after_ingest(queued)
    source = unpacked("notify", tmp_path)
    with running_receiver() as receiver:
        told = environment(settings, DROPSIGHT_WEBHOOK_URLS=json.dumps({"crm": receiver.url}))
        with started("notify", source, commands, told, tmp_path / "log") as url:
            body = pushed(encode(change), f"{TOPIC_RESULTS}-crm-push")
            assert post(url, body) == 204

    assert receiver.types == ["result.queued"]
