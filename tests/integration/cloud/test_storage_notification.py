"""A storage notification, pushed as terraform/ sets it up, to the real function `ingest`."""

import base64
import json
from pathlib import Path

import functions_framework
import pytest

from dropsight.adapters.backend import open_backend
from dropsight.domain.events import TOPIC_FINALIZED
from dropsight.settings import Settings

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]


def test_a_pushed_notification_makes_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DROPSIGHT_ROOT", str(tmp_path))
    monkeypatch.setenv("DROPSIGHT_MODELS", str(REPOSITORY / "models"))
    monkeypatch.setenv("DROPSIGHT_SERVE", "cxr-pneumonia")
    source = REPOSITORY / "functions/ingest/main.py"
    # Without an event trigger Cloud Functions calls the signature `http`; the decorator decides.
    function = functions_framework.create_app("ingest", str(source), "http").test_client()
    backend = open_backend(Settings.from_environment())
    stored = backend.objects.write("landing", "blood-cells/film.png", b"no picture")
    notification = {
        "kind": "storage#object",
        "bucket": "landing",
        "name": stored.name,
        "generation": str(stored.generation),
        "size": str(stored.size),
    }
    push = {
        "message": {
            "data": base64.b64encode(json.dumps(notification).encode()).decode(),
            "attributes": {"eventType": "OBJECT_FINALIZE"},
            "messageId": "1",
            "publishTime": "2025-11-21T06:00:00Z",
        },
        "subscription": f"projects/acme/subscriptions/{TOPIC_FINALIZED}-push",
    }

    answer = function.post(f"/projects/acme/topics/{TOPIC_FINALIZED}", json=push)

    assert answer.status_code == 200, answer.text
    (result,) = backend.results.list()
    assert result.source.generation == stored.generation
    assert result.error is not None  # the bundle is there, but not served
    assert result.error.message.startswith("route 'blood-cells': no such route; legal are cxr-pn")
