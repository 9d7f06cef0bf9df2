"""Signed webhooks on Google's own emulators: real push subscriptions, one for each subscriber, to
the real function; and a subscriber that is away at first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import urllib3
from standardwebhooks.webhooks import Webhook as Witness

from dropsight.adapters.gcp.documents import FirestoreDeadLetterStore
from dropsight.adapters.gcp.objects import CloudObjectStore
from dropsight.adapters.gcp.session import FIRESTORE, STORAGE, Session
from dropsight.domain.events import (
    TOPIC_EXPLAIN,
    TOPIC_PREDICT,
    TOPIC_RESULTS,
    push_subscription,
    webhook_subscription,
)
from tests.emulators.object_server import ObjectServer
from tests.integration.cloud.parts import answers, eventually, finalized, free_port, running
from tests.toy_bundle import write_toy_bundle
from tests.webhook_receiver import Receiver, running_receiver

pytestmark = pytest.mark.integration

PROJECT = "webhooks-on-emulators"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receivers() -> Iterator[tuple[Receiver, Receiver, Receiver]]:
    """One that is well, one that is away at first, one that wants nothing."""
    with running_receiver() as well, running_receiver() as away, running_receiver() as unwilling:
        away.answers = [503, 503]
        unwilling.answers = [410] * 100
        yield well, away, unwilling


def pushed(host: str, topic: str, subscriptions: dict[str, str]) -> None:
    """Make the topic, and a subscription that pushes to each endpoint."""
    paths: dict[str, Any] = {f"topics/{topic}": {}} | {
        f"subscriptions/{name}": {
            "topic": f"projects/{PROJECT}/topics/{topic}",
            "pushConfig": {"pushEndpoint": endpoint},
            "ackDeadlineSeconds": 60,
            "retryPolicy": {"minimumBackoff": "1s", "maximumBackoff": "2s"},
        }
        for name, endpoint in subscriptions.items()
    }
    for path, body in paths.items():
        answer = urllib3.request("PUT", f"http://{host}/v1/projects/{PROJECT}/{path}", json=body)
        assert answer.status == 200, answer.data


def test_every_subscriber_is_told_whatever_the_others_do(
    tmp_path: Path,
    object_server: ObjectServer,
    firestore_emulator: str,
    pubsub_emulator: str,
    receivers: tuple[Receiver, Receiver, Receiver],
):
    well, away, unwilling = receivers
    write_toy_bundle(tmp_path / "models" / "toy", np.full((2, 8, 8), 1 / 64, np.float32))
    container, ingest, notify = free_port(), free_port(), free_port()
    environment = {
        "DROPSIGHT_BACKEND": "gcp",
        "DROPSIGHT_PROJECT": PROJECT,
        "DROPSIGHT_MODELS": str(tmp_path / "models"),
        "DROPSIGHT_PSEUDONYM_KEY": "a key of the tests, 32 characters",
        "DROPSIGHT_PUBLISH_CHANGES": "true",
        "STORAGE_EMULATOR_HOST": object_server.address,
        "PUBSUB_EMULATOR_HOST": pubsub_emulator,
        "FIRESTORE_EMULATOR_HOST": firestore_emulator,
    }
    told = {
        **environment,
        "DROPSIGHT_WEBHOOK_URLS": f'{{"well": "{well.url}", "away": "{away.url}", '
        f'"unwilling": "{unwilling.url}"}}',
        "DROPSIGHT_WEBHOOK_SECRET": SECRET,
        "DROPSIGHT_WEBHOOK_PRIVATE": "allow",
        "DROPSIGHT_API_ADDRESS": "https://api.example.org/",
    }
    base = "http://127.0.0.1"
    for topic, step in ((TOPIC_PREDICT, "predict"), (TOPIC_EXPLAIN, "explain")):
        endpoint = f"{base}:{container}/pubsub/{step}"
        pushed(pubsub_emulator, topic, {push_subscription(topic): endpoint})
    names = [webhook_subscription(one) for one in ("well", "away", "unwilling")]
    pushed(pubsub_emulator, TOPIC_RESULTS, dict.fromkeys(names, f"{base}:{notify}/"))
    for bucket in ("landing", "work", "results"):
        object_server.objects.clear(bucket)
    objects = CloudObjectStore(Session(STORAGE, environment))
    letters = FirestoreDeadLetterStore(Session(FIRESTORE, environment), PROJECT)
    with ExitStack() as parts:
        for name, port, signature, variables in (
            ("ingest", ingest, "cloudevent", environment),
            ("notify", notify, "http", told),
        ):
            parts.enter_context(
                running(
                    "functions_framework",
                    *("--target", name, "--source", f"functions/{name}/main.py"),
                    *("--signature-type", signature, "--host", "127.0.0.1", "--port", str(port)),
                    env={**variables, "XDG_RUNTIME_DIR": str(_folder(tmp_path / name))},
                    log=tmp_path / f"{name}.log",
                )
            )
        parts.enter_context(
            running(
                "dropsight_inference",
                env={**environment, "PORT": str(container)},
                log=tmp_path / "container.log",
            )
        )
        for port, path in ((container, "readyz"), (ingest, "health"), (notify, "health")):
            eventually(f"{port} ready", partial(answers, f"{base}:{port}/{path}"))

        done, png = cv2.imencode(".png", np.full((64, 48), 200, np.uint8))
        assert done
        stored = objects.write("landing", "toy/a.png", png.tobytes(), "image/png")
        event = {"bucket": "landing", "name": "toy/a.png", "generation": str(stored.generation)}
        assert finalized(f"{base}:{ingest}/", {**event, "size": str(stored.size)}) == 200

        wanted = {"result.queued", "result.predicted", "result.explained"}
        eventually("well told", lambda: wanted <= set(well.types))
        eventually("away told", lambda: wanted <= set(away.types[2:]))
        eventually("kept for the unwilling", lambda: len(letters.list()) >= len(set(well.ids)))

    for post in (*well.posts, *away.posts):
        assert Witness(SECRET).verify(post.body, post.headers) == post.json()
    assert set(well.ids) == set(away.ids) == set(unwilling.ids)
    result = well.posts[0].json()["data"]
    assert result["address"] == f"https://api.example.org/v1/results/{result['result']['resultId']}"
    for letter in letters.list():
        assert letter.topic == TOPIC_RESULTS
        assert letter.attributes["subscriber"] == "unwilling"
        assert "answered 410" in letter.reason


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
