"""The steps of inference_container/Dockerfile, run in an empty folder; what they make is started as
its CMD says, by the user that it names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3

from dropsight.cli.samples.film import chest_film
from dropsight.cli.samples.phantom import draw_chest
from tests.container_process import free_port
from tests.integration.images.dockerfile_replay import ACCOUNT, Image, Replay
from tests.requirements_check import require

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]
BUNDLE = "cxr-pneumonia"
REQUIREMENTS = os.environ.get("REPLAYED_REQUIREMENTS", "container")
"""Another of requirements/ (of a GPU: several GB), to be tried by hand."""
START_S = 120.0


@dataclass(frozen=True)
class Replayed:
    replay: Replay
    image: Image


@pytest.fixture(scope="module")
def replayed() -> Iterator[Replayed]:
    # Not below pytest's own folder, which other users may not enter.
    place = Path(tempfile.mkdtemp(prefix="dropsight-image-"))
    place.chmod(0o755)
    try:
        replay = Replay(ROOT / "inference_container/Dockerfile", ROOT, place)
        image = replay.build(
            {
                "PYTHON_IMAGE": f"python:3.11-slim-bookworm@sha256:{'0' * 64}",
                "REQUIREMENTS": REQUIREMENTS,
                "BUNDLES": BUNDLE,
            }
        )
        yield Replayed(replay, image)
    finally:
        shutil.rmtree(place)


@dataclass(frozen=True)
class Started:
    url: str
    http: urllib3.PoolManager
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="module")
def started(replayed: Replayed) -> Iterator[Started]:
    """As Cloud Run starts it: the image's environment and command, PORT and secrets on top."""
    image, port = replayed.image, free_port()
    home = Path(tempfile.mkdtemp(prefix="dropsight-home-"))
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*as_its_user(image), *image.command],
            cwd="/",
            env={
                **image.environment,
                "PORT": str(port),
                "HOME": "/nonexistent",
                "DROPSIGHT_PSEUDONYM_KEY": "a secret of at least 32 random characters",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    http = urllib3.PoolManager(retries=False)
    try:
        url = f"http://127.0.0.1:{port}"
        last = time.monotonic() + START_S
        while not is_ready(http, url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < last, log.read_text()
            time.sleep(0.1)
        yield Started(url, http, process, log)
    finally:
        process.terminate()
        process.wait(timeout=30)
        http.clear()
        shutil.rmtree(home)


def is_ready(http: urllib3.PoolManager, url: str) -> bool:
    try:
        return http.request("GET", f"{url}/readyz").status == 200
    except urllib3.exceptions.HTTPError:
        return False


def as_its_user(image: Image) -> list[str]:
    """Who is root here becomes the image's user; who is not has no more rights than it has."""
    if os.geteuid() != 0:
        return []
    return [
        "setpriv",
        f"--reuid={image.user}",
        f"--regid={image.user}",
        "--clear-groups",
        "--no-new-privs",
        "--inh-caps=-all",
        "--bounding-set=-all",
    ]


def test_the_container_starts_as_a_user_that_is_not_root_and_is_ready(started: Started) -> None:
    status = Path(f"/proc/{started.process.pid}/status").read_text()
    effective = next(line.split()[2] for line in status.splitlines() if line.startswith("Uid:"))
    assert effective == (ACCOUNT if os.geteuid() == 0 else str(os.geteuid()))
    answer = started.http.request("GET", f"{started.url}/readyz")
    assert json.loads(answer.data) == {"status": "ready", "models": [BUNDLE]}


def test_it_answers_a_film_with_the_findings_of_the_bundle_that_was_baked_in(
    started: Started,
) -> None:
    film = chest_film(draw_chest(seed=7))
    answer = started.http.request("POST", f"{started.url}/v1/models/{BUNDLE}:predict", body=film)
    assert answer.status == 200, answer.data
    result = json.loads(answer.data)
    assert {one["label"] for one in result["findings"]} == {"pneumonia", "bacterial", "viral"}


def test_its_user_may_write_nowhere_in_the_image(replayed: Replayed) -> None:
    image = replayed.image
    require(os.geteuid() == 0, "root, who alone can become the image's user")
    find = ["find", str(image.root), "-not", "-type", "l", "-writable"]
    found = subprocess.run([*as_its_user(image), *find], capture_output=True, text=True, check=True)
    assert found.stdout == ""


def test_the_image_has_what_it_runs_and_no_tool_to_change_it(replayed: Replayed) -> None:
    image = replayed.image
    installed = {path.name.lower() for path in image.below("/venv").glob("lib/*/site-packages/*")}
    assert {"dropsight", "dropsight_inference", "onnxruntime"} <= installed
    assert not {"pip", "setuptools", "mlflow", "torch"} & installed
    assert not image.below("/src").exists()
    assert not image.below("/wheels").exists()
    assert [path.name for path in image.below("/models").iterdir()] == [BUNDLE]


def test_a_bundle_whose_runtime_the_image_lacks_fails_the_build(replayed: Replayed) -> None:
    image = replayed.image
    python, bundling = image.below("/venv/bin/python"), "dropsight_inference.bundling"
    folders = ("--into", image.below("/tried"), "--artifacts", image.below("/tried-artifacts"))
    baking = ("bake", ROOT / "models", *folders, "--bundles", "cxr-keras-lime")
    done = subprocess.run(
        [str(part) for part in (python, "-m", bundling, *baking)],
        env=image.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "BUNDLES: cxr-keras-lime: runtime: 'tensorflow' needs packages" in done.stderr
