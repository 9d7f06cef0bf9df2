"""A bundle whose runtime is not installed: left out with its reason, unless it is asked for."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import urllib3

from dropsight.adapters.backend import open_backend
from dropsight.domain.wire import encode
from dropsight.settings import Settings
from tests.toy_bundle import write_toy_bundle
from tests.toy_container import SIDE, Container, running
from tests.without_packages import environment_without

pytestmark = pytest.mark.integration

WHY = "runtime: 'tensorflow' needs packages that are missing here"
INSTALL = "pip install 'dropsight-inference[tensorflow]'"
Popen = subprocess.Popen[str]


@pytest.fixture
def both(settings: Settings) -> Settings:
    """Beside `toy`, a bundle that names TensorFlow; its artifact is never opened here."""
    write_toy_bundle(
        settings.models / "flow",
        np.ones((2, SIDE, SIDE), np.float32),
        changes={"runtime": "tensorflow", "outputs": {}, "explanations": []},
    )
    return settings


@contextmanager
def process(settings: Settings, environment: dict[str, str]) -> Iterator[tuple[str, Popen]]:
    """`python -m dropsight_inference` on a free port: its address, and the process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    child = subprocess.Popen(
        [sys.executable, "-m", "dropsight_inference"],
        env={
            **environment,
            "DROPSIGHT_ROOT": str(settings.root),
            "DROPSIGHT_MODELS": str(settings.models),
            "PORT": str(port),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{port}", child
    finally:
        child.kill()
        child.communicate()


def test_the_others_are_served_and_a_request_for_it_fails_with_the_reason(
    both: Settings, tmp_path: Path
) -> None:
    environment = environment_without(tmp_path / "site", "tensorflow", "keras")
    with process(both, environment) as (url, child), urllib3.PoolManager(retries=False) as http:
        wait_until_ready(http, url, child)
        assert json.loads(http.request("GET", f"{url}/readyz").data)["models"] == ["toy"]
        (left_out,) = json.loads(http.request("GET", f"{url}/v1/models").data)["leftOut"]
        answer = http.request("POST", f"{url}/v1/models/flow:predict", body=b"an image")

    assert left_out["name"] == "flow"
    assert WHY in left_out["reason"]
    assert INSTALL in left_out["reason"]
    assert answer.status == 404
    said = json.loads(answer.data)["error"]["message"]
    assert said == f"model 'flow' is not served here: {left_out['reason']}"


def test_asked_for_by_name_it_keeps_the_container_from_starting(
    both: Settings, tmp_path: Path
) -> None:
    environment = environment_without(tmp_path / "site", "tensorflow", "keras")
    with process(both, {**environment, "DROPSIGHT_SERVE": "toy, flow"}) as (_, child):
        said, _ = child.communicate(timeout=120)

    assert child.returncode == 1
    assert "cannot start" in said
    assert WHY in said


def test_a_name_that_no_bundle_has_is_told_with_the_legal_ones(both: Settings) -> None:
    with process(both, {**os.environ, "DROPSIGHT_SERVE": "toi"}) as (_, child):
        said, _ = child.communicate(timeout=120)

    assert child.returncode == 1
    assert "DROPSIGHT_SERVE: found 'toi'; legal are flow, toy" in said


def test_where_nothing_can_be_served_the_container_does_not_start(
    settings: Settings, tmp_path: Path
) -> None:
    alone = replace(settings, models=tmp_path / "alone")
    write_toy_bundle(
        alone.models / "flow",
        np.ones((2, SIDE, SIDE), np.float32),
        changes={"runtime": "tensorflow", "outputs": {}, "explanations": []},
    )
    environment = environment_without(tmp_path / "site", "tensorflow", "keras")
    with process(alone, environment) as (_, child):
        said, _ = child.communicate(timeout=120)

    assert child.returncode == 1
    assert "nothing can be served" in said
    assert INSTALL in said


def test_an_upload_for_it_becomes_a_failed_result_with_the_reason(settings: Settings) -> None:
    reason = f"{WHY} (No module named 'tensorflow'); {INSTALL}"
    with running(settings, left_out={"flow": reason}) as container:
        request = request_for(container, "flow")
        assert container.push("predict", request).status == 204

    stored = open_backend(settings).results.get("r-1")
    assert stored is not None
    assert stored.status == "failed"
    assert stored.error is not None
    assert stored.error.code == "model-unknown"
    assert stored.error.message == f"model 'flow' is not served here: {reason}"


def request_for(container: Container, model: str) -> bytes:
    plain = json.loads(encode(container.upload()))
    return json.dumps({**plain, "model": model}).encode()


def wait_until_ready(http: urllib3.PoolManager, url: str, child: Popen) -> None:
    while child.poll() is None:
        try:
            if http.request("GET", f"{url}/readyz").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"ended with {child.returncode}: {child.communicate()[0]}")
