"""The functions as a page in the cloud meets them, against the emulators: callers by the tokens of
the Firebase Auth emulator (which are not signed), uploads and pictures by signed addresses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from dropsight.domain.events import TOPIC_PREDICT
from tests.emulators.iam_server import ACCOUNT, running_iam_server
from tests.emulators.object_server import ObjectServer
from tests.integration.cloud.parts import answers, eventually, free_port, running
from tests.signed_tokens import segment

HTTP = urllib3.PoolManager(retries=False)
BUCKETS = ("landing", "work", "results")
NO_AUTH_EMULATOR = "127.0.0.1:9"
"""The API never asks the Auth emulator anything; that it is named makes unsigned tokens good."""


@dataclass
class PageCloud:
    api: str
    """Address of the function `api`."""
    ingest: str
    project: str
    storage: ObjectServer
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the functions were started with."""

    def token(self, uid: str = "ada", **claims: Any) -> str:
        """An ID token as the Auth emulator makes it."""
        now = int(time.time())
        body = {
            "iss": f"https://securetoken.google.com/{self.project}",
            "aud": self.project,
            "auth_time": now,
            "iat": now,
            "exp": now + 3600,
            "sub": uid,
            "user_id": uid,
            **claims,
        }
        head = segment(json.dumps({"alg": "none", "typ": "JWT"}).encode())
        return f"{head}.{segment(json.dumps(body).encode())}."

    def ask(
        self,
        method: str,
        target: str,
        token: str = "",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        with_token = {"authorization": f"Bearer {token}"} if token else {}
        given = {**with_token, **(headers or {})}
        if body is None:
            return HTTP.request(method, self.api + target, headers=given)
        return HTTP.request(method, self.api + target, headers=given, json=body)


@contextmanager
def running_page_cloud(
    folder: Path,
    *,
    storage: ObjectServer,
    firestore: str,
    pubsub: str,
    models: Path,
    project: str,
    auth: str = NO_AUTH_EMULATOR,
    settings: Mapping[str, str] | None = None,
) -> Iterator[PageCloud]:
    """`api` and `ingest` as processes until the block ends; their logs go to `folder`.

    firestore, pubsub, auth: `host:port` of the emulators. `settings`: more variables, such as
    DROPSIGHT_PROJECTS. For pages, DROPSIGHT_PAGE_ORIGINS goes to the test storage as well.
    """
    given = dict(settings or {})
    storage.xml.cors.origins = set(filter(None, given.get("DROPSIGHT_PAGE_ORIGINS", "").split(",")))
    for bucket in BUCKETS:
        storage.objects.clear(bucket)
    topic = f"http://{pubsub}/v1/projects/{project}/topics/{TOPIC_PREDICT}"
    assert HTTP.request("PUT", topic, json={}).status in {200, 409}  # 409: another test's
    with ExitStack() as parts:
        iam = parts.enter_context(running_iam_server())
        storage.xml.signers[ACCOUNT] = iam.key.private.public_key()
        environment = {
            "DROPSIGHT_BACKEND": "gcp",
            "DROPSIGHT_PROJECT": project,
            "DROPSIGHT_MODELS": str(models),
            "DROPSIGHT_PSEUDONYM_KEY": "a key of the tests, 32 characters",
            "DROPSIGHT_SIGNING_SERVICE_ACCOUNT": ACCOUNT,
            "STORAGE_EMULATOR_HOST": storage.address,
            "PUBSUB_EMULATOR_HOST": pubsub,
            "FIRESTORE_EMULATOR_HOST": firestore,
            "IAM_CREDENTIALS_EMULATOR_HOST": iam.address,
            "FIREBASE_AUTH_EMULATOR_HOST": auth,
            **given,
        }
        urls = {}
        for name, signature in (("ingest", "cloudevent"), ("api", "http")):
            port = free_port()
            urls[name] = f"http://127.0.0.1:{port}"
            parts.enter_context(
                running(
                    "functions_framework",
                    *("--target", name, "--source", f"functions/{name}/main.py"),
                    *("--signature-type", signature, "--host", "127.0.0.1", "--port", str(port)),
                    env=environment,
                    log=folder / f"{name}.log",
                )
            )
        for name, url in urls.items():
            eventually(f"{name} listening", partial(answers, f"{url}/health"))
        yield PageCloud(urls["api"], f"{urls['ingest']}/", project, storage, environment)
