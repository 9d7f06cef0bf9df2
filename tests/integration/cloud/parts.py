"""Starts the functions and the container as processes against the emulators, and waits for them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3

from dropsight.domain.events import push_subscription

REPOSITORY = Path(__file__).parents[3]
DEADLINE_S = 120


@contextmanager
def running(module: str, *arguments: str, env: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **env},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def eventually(what: str, look: Callable[[], Any]) -> Any:
    """The first true answer of `look`."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"did not happen within {DEADLINE_S} s: {what}")


def answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=5).status < 500
    except urllib3.exceptions.HTTPError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def push_to(host: str, project: str, topic: str, endpoint: str) -> None:
    """Make the topic and a subscription that pushes to `endpoint`. `host`: Pub/Sub's emulator."""
    for path, body in (
        (f"topics/{topic}", {}),
        (
            f"subscriptions/{push_subscription(topic)}",
            {
                "topic": f"projects/{project}/topics/{topic}",
                "pushConfig": {"pushEndpoint": endpoint},
                "ackDeadlineSeconds": 60,
            },
        ),
    ):
        answer = urllib3.request("PUT", f"http://{host}/v1/projects/{project}/{path}", json=body)
        assert answer.status == 200, answer.data


def finalized(url: str, event: Mapping[str, str]) -> int:
    """Deliver a storage event as Eventarc does; the status of the answer."""
    answer = urllib3.request(
        "POST",
        url,
        body=json.dumps(event).encode(),
        headers={
            "content-type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": event["generation"],
            "ce-source": f"//storage.googleapis.com/projects/_/buckets/{event['bucket']}",
            "ce-subject": f"objects/{event['name']}",
            "ce-type": "google.cloud.storage.object.v1.finalized",
        },
        retries=False,
        timeout=60,
    )
    return answer.status
