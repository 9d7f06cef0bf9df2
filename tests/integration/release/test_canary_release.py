"""A release from its first command to its last, with a `gcloud` that keeps one service in a file
and real containers that are asked before traffic moves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dropsight.settings import Settings
from tests.integration.release import fake_gcloud
from tests.toy_bundle import write_toy_bundle
from tests.toy_container import Container, running

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
OLD = f"r/p/dropsight/inference-cpu@sha256:{'a' * 64}"
NEW = f"r/p/dropsight/inference-cpu@sha256:{'b' * 64}"
LATER = "2100-01-01T00:00:00.000000Z"
WEIGHTS = np.ones((2, 4, 4), np.float32)


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("container")
    write_toy_bundle(folder / "models/toy", WEIGHTS)
    with running(Settings(root=folder, models=folder / "models")) as container:
        container.service.warm_up.join()
        yield container


class Release:
    """One run of `python -m deploy.canary` on a service whose revision rev-1 serves."""

    def __init__(self, folder: Path, serving: str, candidate: str, **changes: Any) -> None:
        self._folder = folder
        gcloud = folder / "bin/gcloud"
        gcloud.parent.mkdir()
        gcloud.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake_gcloud.__file__}" "$@"\n')
        gcloud.chmod(0o755)
        self._state = folder / "state.json"
        state = {
            "asked": [],
            "image": OLD,
            "latest": "rev-1",
            "percent": {"rev-1": 100},
            "tags": {},
            "addresses": {"rev-1": serving, "rev-2": candidate},
            "unready": False,
            "logs_unreadable": False,
            "logs": {},
        }
        self._state.write_text(json.dumps({**state, **changes}))
        (folder / "images.json").write_text(json.dumps({"images": {"cpu": NEW}}))
        (folder / "files").mkdir()
        _, png = cv2.imencode(".png", np.full((4, 4), 128, np.uint8))
        (folder / "files/grey.png").write_bytes(png.tobytes())

    def run(self, timeout_s: float = 600.0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deploy.canary", "--project=p", "--region=r"]
        options = {
            "services": "dropsight-inference",
            "images": self._folder / "images.json",
            "files": self._folder / "files",
            "report": self._folder / "report.txt",
            "timeout-s": timeout_s,
            "poll-s": 0.05,
            "warm-up-s": 0,
        }
        return subprocess.run(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            cwd=ROOT,
            env={
                **os.environ,
                "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}",
                "GCLOUD_STATE": str(self._state),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def state(self) -> Any:
        return json.loads(self._state.read_text())

    @property
    def report(self) -> str:
        return (self._folder / "report.txt").read_text()


def answers(count: int, status: int = 200, latency: str = "0.4s") -> list[dict[str, Any]]:
    request = {
        "status": status,
        "latency": latency,
        "requestUrl": "https://service/pubsub/predict",
    }
    return [{"timestamp": LATER, "httpRequest": request}] * count


def moves(state: Any) -> list[str]:
    """What was asked of the traffic, in order."""
    asked = [one for one in state["asked"] if "update-traffic" in one]
    return [one.split("--quiet ")[1].replace(" --project=p", "") for one in asked]


def test_a_good_revision_is_asked_first_then_gets_a_tenth_then_everything(
    tmp_path: Path, container: Container
) -> None:
    logs = {"rev-1": {"requests": answers(900)}, "rev-2": {"requests": answers(150)}}
    release = Release(tmp_path, container.url, container.url, logs=logs)

    done = release.run()

    assert done.returncode == 0, done.stdout + done.stderr
    assert moves(release.state) == [
        "--update-tags=stable=rev-1",
        "--to-revisions=rev-2=10",
        "--to-latest --clear-tags",
    ]
    assert release.state["percent"] == {"rev-2": 100}
    assert release.state["image"] == NEW
    assert "rehearsal: toy 1 -> 1, grey.png: " in release.report
    assert "0 errors in 150 requests, stable 0 in 900" in release.report


def test_a_revision_that_answers_with_errors_goes_back_by_itself(
    tmp_path: Path, container: Container
) -> None:
    logs = {
        "rev-1": {"requests": answers(900)},
        "rev-2": {"requests": answers(30) + answers(4, status=500)},
    }
    release = Release(tmp_path, container.url, container.url, logs=logs)

    done = release.run()

    assert done.returncode == 1
    assert release.state["percent"] == {"rev-1": 100}
    assert moves(release.state)[-1] == "--to-revisions=rev-1=100 --clear-tags"
    assert "4 errors in 34 requests" in release.report


def test_inferences_that_fail_count_though_their_requests_are_acknowledged(
    tmp_path: Path, container: Container
) -> None:
    logs = {
        "rev-1": {"requests": answers(900)},
        "rev-2": {"requests": answers(34), "failed": [{"timestamp": LATER}] * 4},
    }
    release = Release(tmp_path, container.url, container.url, logs=logs)
    assert release.run().returncode == 1
    assert "4 errors in 34 requests" in release.report
    assert release.state["percent"] == {"rev-1": 100}


def test_a_revision_that_is_slower_goes_back(tmp_path: Path, container: Container) -> None:
    logs = {
        "rev-1": {"requests": answers(900)},
        "rev-2": {"requests": answers(150, latency="2.5s")},
    }
    release = Release(tmp_path, container.url, container.url, logs=logs)
    assert release.run().returncode == 1
    assert "p95 of a prediction is 2.50 s, stable 0.40 s" in release.report
    assert release.state["percent"] == {"rev-1": 100}


def test_without_traffic_nothing_is_decided_and_the_time_out_sends_it_back(
    tmp_path: Path, container: Container
) -> None:
    release = Release(tmp_path, container.url, container.url)
    assert release.run(timeout_s=0.5).returncode == 1
    assert "0 errors in 0 requests" in release.report
    assert release.state["percent"] == {"rev-1": 100}


def test_logs_that_cannot_be_read_send_it_back_at_the_time_out(
    tmp_path: Path, container: Container
) -> None:
    release = Release(tmp_path, container.url, container.url, logs_unreadable=True)
    assert release.run(timeout_s=0.5).returncode == 1
    assert "rev-2: nothing is known of it: gcloud logging read" in release.report
    assert "PERMISSION_DENIED" in release.report
    assert release.state["percent"] == {"rev-1": 100}


def test_a_revision_that_does_not_become_ready_gets_no_traffic(
    tmp_path: Path, container: Container
) -> None:
    release = Release(tmp_path, container.url, container.url, unready=True)
    assert release.run().returncode == 1
    assert "failed the configured startup probe" in release.report
    assert moves(release.state) == ["--to-revisions=rev-1=100 --clear-tags"]


def test_a_revision_that_fails_the_rehearsal_gets_no_traffic(
    tmp_path: Path, container: Container
) -> None:
    folder = tmp_path / "wider"
    write_toy_bundle(folder / "models/toy", WEIGHTS)
    manifest = folder / "models/toy/model.yaml"
    text = manifest.read_text()
    manifest.write_text(f"{text}\naccepts: {{formats: [dicom]}}\n")
    with running(Settings(root=folder, models=folder / "models")) as stricter:
        stricter.service.warm_up.join()
        release = Release(tmp_path, container.url, stricter.url)
        assert release.run().returncode == 1
    assert "toy 1 answers 422 to grey.png, the serving revision 200" in release.report
    assert not [move for move in moves(release.state) if "rev-2=" in move]
    assert release.state["percent"] == {"rev-1": 100}


def test_the_same_image_is_not_released_again(tmp_path: Path, container: Container) -> None:
    release = Release(tmp_path, container.url, container.url, image=NEW)
    assert release.run().returncode == 0
    assert "serves" in release.report
    assert moves(release.state) == []


def test_a_release_beside_another_one_is_refused_and_moves_nothing(
    tmp_path: Path, container: Container
) -> None:
    release = Release(tmp_path, container.url, container.url, percent={"rev-0": 90, "rev-1": 10})
    assert release.run().returncode == 1
    assert "traffic is split (rev-0 90 %, rev-1 10 %)" in release.report
    assert moves(release.state) == []
