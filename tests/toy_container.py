"""A container with a toy model, over real adapters and real HTTP on loopback."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import urllib3
import uvicorn

from dropsight.adapters.backend import Backend, open_backend
from dropsight.domain.events import ObjectRef, PredictionRequested
from dropsight.domain.frames import Frame
from dropsight.domain.results import Artifact, ModelReference, Result, Source
from dropsight.domain.wire import Record, encode
from dropsight.imaging.png import encode_png
from dropsight.pipeline.artifacts import display_name, frame_name, write_artifact
from dropsight.settings import Settings
from dropsight_inference.app import create_app
from dropsight_inference.bundle import load_models
from dropsight_inference.callers import Callers
from dropsight_inference.service import Service

SIDE = 8


@dataclass(frozen=True)
class Container:
    url: str
    http: urllib3.PoolManager
    backend: Backend
    settings: Settings
    service: Service

    def push(
        self, step: str, message: Record | bytes, message_id: str = "m-1"
    ) -> urllib3.BaseHTTPResponse:
        """Post `message` as a push subscription does; `step` is predict or explain."""
        return self.post(f"/pubsub/{step}", self.envelope(step, message, message_id))

    def envelope(self, step: str, message: Record | bytes, message_id: str = "m-1") -> bytes:
        """The body of such a push."""
        data = message if isinstance(message, bytes) else encode(message)
        envelope = {
            "message": {
                "data": base64.b64encode(data).decode(),
                "attributes": {},
                "messageId": message_id,
            },
            "subscription": f"projects/p/subscriptions/dropsight-{step}",
            "deliveryAttempt": 1,
        }
        return json.dumps(envelope).encode()

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        return self.http.request("POST", self.url + path, body=body, headers=headers)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return self.http.request("GET", self.url + path)

    def upload(self, result_id: str = "r-1", frames: int = 1) -> PredictionRequested:
        """What ingest leaves behind: a queued result, its frame and its picture."""
        pixels = np.arange(frames * SIDE * SIDE, dtype=np.uint8).reshape(frames, SIDE, SIDE, 1)
        frame = Frame(pixels, 20, 10, (0.0, 0.0, SIDE, SIDE))
        info = self.backend.objects.write(
            self.settings.work_bucket, frame_name(result_id), frame.to_bytes()
        )
        displays: list[Artifact] = [
            write_artifact(
                self.backend.objects,
                self.settings.results_bucket,
                result_id,
                display_name(index),
                encode_png(np.full((10, 20), 90, np.uint8)),
            )
            for index in range(frames)
        ]
        self.backend.results.create(
            Result(
                result_id=result_id,
                status="queued",
                timestamps={"queued": 1.0, "prepared": 2.0},
                source=Source(bucket="landing", object="toy/scan.png", generation=1),
                model=ModelReference(
                    name="toy", version="1", digest="d", runtime="onnx", task="classification"
                ),
                frames=frames,
                width=20,
                height=10,
                artifacts=displays,
            )
        )
        return PredictionRequested(
            result_id=result_id,
            model="toy",
            frame=ObjectRef(bucket=info.bucket, name=info.name, generation=info.generation),
            requested_at=1.0,
        )


@contextmanager
def running(
    settings: Settings,
    left_out: Mapping[str, str] | None = None,
    callers: Callers | None = None,
) -> Iterator[Container]:
    """The container as a process would run it, in a thread, its warm-up begun."""
    backend = open_backend(settings)
    models = load_models(settings.models, 1, settings.model_cache)
    app = create_app(settings, backend, models, left_out, callers)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with urllib3.PoolManager(maxsize=64, retries=False) as http:
        yield Container(url, http, backend, settings, app.state.service)
    server.should_exit = True
    thread.join()
    listener.close()
