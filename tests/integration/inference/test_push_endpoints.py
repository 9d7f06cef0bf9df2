"""Push envelopes in, documents changed, acknowledgements out."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import BackendUnavailable
from dropsight.domain.events import (
    TOPIC_EXPLAIN,
    TOPIC_PREDICT,
    ExplanationRequested,
    ObjectRef,
)
from dropsight.domain.results import Result
from dropsight.imaging.png import decode_png
from dropsight.settings import Settings
from dropsight_inference.runtimes import Batch, Outputs
from tests.toy_container import Container, running

pytestmark = pytest.mark.integration


def _result(container: Container, result_id: str = "r-1") -> Result:
    result = container.backend.results.get(result_id)
    assert result is not None
    return result


def _explanation(frame: ObjectRef, method: str = "lime", **changes: Any) -> ExplanationRequested:
    fields: dict[str, Any] = {
        "result_id": "r-1",
        "model": "toy",
        "frame": frame,
        "method": method,
        "labels": ["one"],
        "parameters": {"samples": 65, "segments": 4} if method == "lime" else {},
        "requested_at": 1.0,
    }
    return ExplanationRequested(**(fields | changes))


def test_a_pushed_frame_becomes_a_prediction_and_is_acknowledged(container: Container) -> None:
    response = container.push("predict", container.upload())

    assert response.status == 204
    result = _result(container)
    assert result.status == "predicted"
    # Pixels 0..31 of 255 weigh 1 for `one`, pixels 32..63 weigh -1 for `two`.
    assert [f.label for f in result.findings] == ["one", "two"]
    assert result.findings[0].logit == pytest.approx(sum(range(32)) / 255, rel=1e-6)
    assert result.findings[1].logit == pytest.approx(-sum(range(32, 64)) / 255, rel=1e-6)
    assert {(e.method, e.label, e.status) for e in result.explanations} == {
        ("grad-cam", "one", "pending"),
        ("lime", "one", "pending"),
    }


def test_explanations_are_written_and_the_last_one_settles_the_result(container: Container) -> None:
    asked = container.upload()
    container.push("predict", asked)

    for method in ("grad-cam", "lime"):
        assert container.push("explain", _explanation(asked.frame, method)).status == 204

    result = _result(container)
    assert result.status == "explained"
    for explanation in result.explanations:
        assert explanation.status == "done"
        assert {"deletion", "insertion"} <= set(explanation.fidelity)
        heatmap = result.artifact(explanation.heatmap or "")
        assert heatmap is not None
        picture = decode_png(container.backend.objects.read(heatmap.bucket, heatmap.object))
        assert picture.dtype == np.uint16
        assert picture.shape == (result.height, result.width)


def test_the_same_message_twice_changes_nothing(container: Container) -> None:
    asked = container.upload()
    container.push("predict", asked)
    container.push("explain", _explanation(asked.frame))
    before = _result(container)

    assert container.push("predict", asked).status == 204
    assert container.push("explain", _explanation(asked.frame)).status == 204

    assert _result(container) == before


def test_what_cannot_be_predicted_is_recorded_and_acknowledged(container: Container) -> None:
    asked = container.upload()
    container.backend.objects.delete(asked.frame.bucket, asked.frame.name)

    assert container.push("predict", asked).status == 204

    failed = _result(container)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "object-gone"


@pytest.mark.parametrize(
    ("path", "topic"), [("predict", TOPIC_PREDICT), ("explain", TOPIC_EXPLAIN)]
)
@pytest.mark.parametrize(
    ("body", "message_id", "reason"),
    [
        (b"not json", "malformed-", "not a PushEnvelope message"),
        (b'{"message": {"data": "e30="}}', "malformed-", "missing required field `messageId`"),
        (
            b'{"message": {"data": "%%%", "messageId": "m-7"}}',
            "malformed-",
            "message.data: expected base64",
        ),
        (
            b'{"message": {"data": "e30=", "messageId": "m-8"}, "deliveryAttempt": 3}',
            "m-8",
            "missing required field",
        ),
    ],
)
def test_a_message_that_cannot_be_read_is_kept_and_acknowledged(
    container: Container, path: str, topic: str, body: bytes, message_id: str, reason: str
) -> None:
    for _ in range(2):
        assert container.post(f"/pubsub/{path}", body).status == 204

    (letter,) = container.backend.dead_letters.list()
    assert letter.message_id.startswith(message_id)
    assert letter.topic == topic
    assert reason in letter.reason
    assert letter.data == ("{}" if message_id == "m-8" else body.decode())


class Gate:
    """A runtime that stops in every forward pass until it is opened."""

    def __init__(self, container: Container) -> None:
        model = container.service.engine.models["toy"]
        self._runtime = model.runtime
        self.device = self._runtime.device
        self.rows: list[int] = []
        self.reached, self.open = threading.Event(), threading.Event()
        object.__setattr__(model, "runtime", self)

    def forward(self, batch: Batch) -> Outputs:
        self.reached.set()
        self.open.wait(timeout=30)
        self.rows.append(len(batch))
        return self._runtime.forward(batch)

    def close(self) -> None:
        self._runtime.close()


def test_over_capacity_is_a_nack_that_says_when_to_come_back_and_nothing_is_lost(
    container: Container,
) -> None:
    gate = Gate(container)
    asked = [container.upload(f"r-{index}") for index in range(5)]
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda one=one: statuses.append(container.push("predict", one).status)
        )
        for one in asked[:4]
    ]
    for thread in threads:
        thread.start()
    while container.get("/metrics").data.count(b'dropsight_in_flight{purpose="predict"} 4.0') == 0:
        gate.reached.wait(timeout=0.01)

    refused = container.push("predict", asked[4])

    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) >= 1
    error = json.loads(refused.data)["error"]
    assert (error["code"], error["retryable"]) == ("overloaded", True)
    assert "the limit is 4 (DROPSIGHT_MAX_IN_FLIGHT)" in error["message"]
    assert _result(container, "r-4").status == "queued"
    gate.open.set()
    for thread in threads:
        thread.join()
    assert statuses == [204] * 4
    assert container.push("predict", asked[4]).status == 204
    assert {_result(container, f"r-{index}").status for index in range(5)} == {"predicted"}


def test_requests_that_are_in_flight_together_share_forward_passes(settings: Settings) -> None:
    with running(replace(settings, max_in_flight=32)) as container:
        container.service.warm_up.join()
        gate = Gate(container)
        asked = [container.upload(f"r-{index}") for index in range(13)]
        threads = [threading.Thread(target=container.push, args=("predict", one)) for one in asked]
        for thread in threads:
            thread.start()
        while b'dropsight_in_flight{purpose="predict"} 13.0' not in container.get("/metrics").data:
            gate.reached.wait(timeout=0.01)
        gate.open.set()
        for thread in threads:
            thread.join()

        assert sum(gate.rows) == 13
        assert len(gate.rows) < 13
        assert max(gate.rows) == 4  # batch_size


def test_a_store_that_does_not_answer_is_a_nack(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = container.upload()

    def unavailable(*_: object) -> bytes:
        raise BackendUnavailable("the bucket did not answer", retry_after_s=2.5)

    monkeypatch.setattr(container.backend.objects, "read", unavailable)
    refused = container.push("predict", asked)
    monkeypatch.undo()

    assert (refused.status, refused.headers["Retry-After"]) == (503, "3")
    assert _result(container).status == "queued"
    assert container.push("predict", asked).status == 204  # the lease was given back


def test_a_defect_is_a_500_with_its_traceback_in_the_log(
    container: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = container.upload()

    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(container.backend.objects, "read", broken)
    response = container.push("predict", asked)

    assert response.status == 500
    assert json.loads(response.data)["error"]["code"] == "internal"
    assert "a defect" not in response.data.decode()
    assert "ZeroDivisionError: a defect" in caplog.text


def test_a_container_that_drains_finishes_what_it_has_and_refuses_the_rest(
    container: Container,
) -> None:
    gate = Gate(container)
    first, second = container.upload("r-1"), container.upload("r-2")
    statuses: list[int] = []
    inside = threading.Thread(
        target=lambda: statuses.append(container.push("predict", first).status)
    )
    inside.start()
    gate.reached.wait(timeout=30)

    container.service.drain()
    refused = container.push("predict", second)
    gate.open.set()
    inside.join()

    assert refused.status == 503
    assert json.loads(refused.data)["error"]["code"] == "draining"
    assert "Retry-After" in refused.headers
    assert statuses == [204]
    assert _result(container, "r-1").status == "predicted"
    assert container.get("/readyz").status == 503
