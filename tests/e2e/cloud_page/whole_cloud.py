"""Everything that runs behind the page in the cloud, as processes against the emulators."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from dropsight.domain.events import TOPIC_EXPLAIN, TOPIC_PREDICT
from tests.emulators.iam_server import ACCOUNT
from tests.emulators.object_server import ObjectServer
from tests.integration.cloud.parts import (
    answers,
    eventually,
    finalized,
    free_port,
    push_to,
    running,
)

FUNCTIONS = {"ingest": "cloudevent", "api": "http"}
LANDING = "landing"


class Eventarc:
    """Tells the function `ingest` of each object that arrives in the landing bucket."""

    def __init__(self, server: ObjectServer, url: str) -> None:
        self._server = server
        self._url = url
        self._told: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.2):
            versions, _ = self._server.objects.page(LANDING, "", "", 1000)
            for one in versions:
                event = one.resource()
                wanted = {key: event[key] for key in ("bucket", "name", "generation", "size")}
                if event["id"] not in self._told and finalized(self._url, wanted) == 200:
                    self._told.add(event["id"])


@contextmanager
def running_cloud(
    environment: Mapping[str, str], server: ObjectServer, pubsub: str, folder: Path
) -> Iterator[str]:
    """The address of the API, once the container is ready and uploads are announced."""
    project = environment["DROPSIGHT_PROJECT"]
    container = free_port()
    ports = {name: free_port() for name in FUNCTIONS}
    push_to(pubsub, project, TOPIC_PREDICT, f"http://127.0.0.1:{container}/pubsub/predict")
    push_to(pubsub, project, TOPIC_EXPLAIN, f"http://127.0.0.1:{container}/pubsub/explain")
    for bucket in (LANDING, "work", "results"):
        server.objects.clear(bucket)
    with ExitStack() as parts:
        for name, signature in FUNCTIONS.items():
            parts.enter_context(
                running(
                    "functions_framework",
                    *("--target", name, "--source", f"functions/{name}/main.py"),
                    *("--signature-type", signature, "--host", "127.0.0.1"),
                    *("--port", str(ports[name])),
                    env=environment,
                    log=folder / f"{name}.log",
                )
            )
        parts.enter_context(
            running(
                "dropsight_inference",
                env={**environment, "PORT": str(container)},
                log=folder / "container.log",
            )
        )
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        for name, url in urls.items():
            eventually(f"{name} listening", partial(answers, f"{url}/health"))
        ready = f"http://127.0.0.1:{container}/readyz"
        eventually("container ready", partial(answers, ready))
        parts.enter_context(Eventarc(server, f"{urls['ingest']}/"))
        yield urls["api"]


def cloud_environment(
    *,
    project: str,
    models: Path,
    routes: Mapping[str, str],
    projects: Mapping[str, str],
    page: str,
    hosts: Mapping[str, str],
) -> dict[str, str]:
    """`page`: the origin that may ask the API. `hosts`: of the emulators, by their variable."""
    return {
        "DROPSIGHT_BACKEND": "gcp",
        "DROPSIGHT_PROJECT": project,
        "DROPSIGHT_MODELS": str(models),
        "DROPSIGHT_ROUTES": json.dumps(routes),
        "DROPSIGHT_PROJECTS": json.dumps(projects),
        "DROPSIGHT_PAGE_ORIGINS": page,
        "DROPSIGHT_SIGNING_SERVICE_ACCOUNT": ACCOUNT,
        "DROPSIGHT_PSEUDONYM_KEY": "a key of the tests, 32 characters",
        **hosts,
    }
