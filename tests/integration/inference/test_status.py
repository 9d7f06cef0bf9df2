"""Health, models and metrics."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from dropsight.domain.errors import InferenceFailed
from dropsight.settings import Settings
from dropsight_inference.engine import Engine
from tests.toy_container import Container, running

pytestmark = pytest.mark.integration


def _json(container: Container, path: str) -> tuple[int, Any]:
    response = container.get(path)
    return response.status, json.loads(response.data)


def test_ready_only_after_a_real_forward_pass(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    warm_up = Engine.warm_up

    def slow(engine: Engine) -> None:
        go_on.wait(timeout=30)
        warm_up(engine)

    monkeypatch.setattr(Engine, "warm_up", slow)
    with running(settings) as container:
        assert _json(container, "/livez")[0] == 200
        status, answer = _json(container, "/readyz")
        assert (status, answer["reason"]) == (503, "the models are being warmed up")
        go_on.set()
        container.service.warm_up.join()

        assert _json(container, "/readyz") == (200, {"status": "ready", "models": ["toy"]})
        metrics = container.get("/metrics").data.decode()
        assert 'forward_seconds_count{model="toy",purpose="warm-up"} 2.0' in metrics


def test_a_model_that_does_not_answer_is_never_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_engine: Engine) -> None:
        raise InferenceFailed("toy: outputs.logits: found a value that is not finite")

    monkeypatch.setattr(Engine, "warm_up", broken)
    with running(settings) as container:
        container.service.warm_up.join()
        status, answer = _json(container, "/readyz")

    assert status == 503
    assert "warm-up failed: toy: outputs.logits" in answer["reason"]


def test_models_are_listed_and_described(container: Container) -> None:
    status, listed = _json(container, "/v1/models")
    assert status == 200
    assert [(one["name"], one["labels"]) for one in listed["models"]] == [("toy", ["one", "two"])]

    status, described = _json(container, "/v1/models/toy")
    assert status == 200
    assert described["manifest"]["multiLabel"] is True
    assert described["digest"] == listed["models"][0]["digest"]

    status, refused = _json(container, "/v1/models/cat")
    assert (status, refused["error"]["code"]) == (404, "model-unknown")


def test_what_is_not_served_is_refused_in_the_shape_of_all_errors(container: Container) -> None:
    status, refused = _json(container, "/v1/nothing")
    assert (status, refused["error"]["code"]) == (404, "address-unknown")

    status, refused = _json(container, "/pubsub/predict")
    assert (status, refused["error"]["code"]) == (405, "method-refused")
    assert refused["error"]["message"] == "GET /pubsub/predict: legal here are POST"


def test_metrics_count_requests_batches_and_times(container: Container) -> None:
    container.push("predict", container.upload())

    metrics = container.get("/metrics").data.decode()

    assert 'dropsight_requests_total{endpoint="/pubsub/predict",status="204"} 1.0' in metrics
    assert 'dropsight_batch_size_sum{model="toy"} 1.0' in metrics
    assert 'dropsight_queue_seconds_count{model="toy"} 1.0' in metrics
    assert 'dropsight_in_flight{purpose="predict"} 0.0' in metrics
