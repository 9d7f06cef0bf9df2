"""`POST /v1/models/{model}:predict`: a file in, the document out."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import urllib3

from dropsight.imaging.png import decode_png, encode_png
from dropsight.settings import Budgets, Settings
from tests.toy_container import SIDE, Container, running

pytestmark = pytest.mark.integration

WHITE = encode_png(np.full((3 * SIDE, 2 * SIDE), 255, np.uint8))
PREDICT = "/v1/models/toy:predict"


def _document(response: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    assert response.status == 200, response.data
    found: dict[str, Any] = json.loads(response.data)
    return found


def _error(response: urllib3.BaseHTTPResponse, status: int) -> dict[str, Any]:
    assert response.status == status, response.data
    found: dict[str, Any] = json.loads(response.data)["error"]
    return found


def test_a_file_in_the_body_is_answered_with_its_document(container: Container) -> None:
    document = _document(container.post(PREDICT, WHITE))

    assert document["status"] == "explained"  # nothing more will come
    assert (document["width"], document["height"]) == (16, 24)
    assert document["source"]["format"] == "png"
    assert [f["label"] for f in document["findings"]] == ["one", "two"]
    assert [f["logit"] for f in document["findings"]] == [32.0, -32.0]
    assert document["explanations"] == []
    assert "overlays" not in document
    assert container.backend.results.list() == []


def test_the_same_file_in_a_form_gives_the_same_result(container: Container) -> None:
    body, kind = urllib3.encode_multipart_formdata({"file": ("scan.png", WHITE, "image/png")})

    form = _document(container.post(PREDICT, body, {"Content-Type": kind}))
    plain = _document(container.post(PREDICT, WHITE))

    assert form["resultId"] == plain["resultId"]
    assert form["findings"] == plain["findings"]


def test_overlays_come_inline_when_asked(container: Container) -> None:
    document = _document(container.post(f"{PREDICT}?explain=all&overlays=base64", WHITE))

    explanations = document["explanations"]
    assert [(e["method"], e["label"], e["status"]) for e in explanations] == [
        ("grad-cam", "one", "done"),
        ("lime", "one", "done"),
    ]
    heatmaps = {}
    for explanation in explanations:
        heatmap = decode_png(base64.b64decode(document["overlays"][explanation["heatmap"]]))
        overlay = decode_png(base64.b64decode(document["overlays"][explanation["overlay"]]))
        assert heatmap.shape == (24, 16)
        heatmaps[explanation["method"]] = heatmap
        assert overlay.shape[0] > 24
    # The upper half decides for `one`.
    assert heatmaps["grad-cam"][:10].min() > 0
    assert heatmaps["grad-cam"][14:].max() == 0


def test_what_is_no_picture_is_refused_with_a_code_and_a_sentence(container: Container) -> None:
    error = _error(container.post(PREDICT, b"hello, this is no picture"), 422)

    assert error["code"] == "unrecognised-format"
    assert error["retryable"] is False


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "message"),
    [
        (f"{PREDICT}?explain=shap", WHITE, {}, 400, "explain: found 'shap', legal are none, grad"),
        (f"{PREDICT}?overlays=png", WHITE, {}, 400, "overlays: found 'png', legal are none, base"),
        (PREDICT, b"", {}, 400, "body: found no bytes, expected a file"),
        (PREDICT, b"x", {"Content-Type": "multipart/form-data"}, 400, "not a multipart form"),
        ("/v1/models/cat:predict", WHITE, {}, 404, "model 'cat' is not served here; legal are toy"),
    ],
)
def test_bad_requests_are_refused_by_name(
    container: Container,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    message: str,
) -> None:
    assert message in _error(container.post(path, body, headers), status)["message"]


def test_a_form_without_the_field_says_what_it_found(container: Container) -> None:
    body, kind = urllib3.encode_multipart_formdata({"image": ("scan.png", WHITE, "image/png")})

    error = _error(container.post(PREDICT, body, {"Content-Type": kind}), 400)

    assert error["message"] == "body: expected a file in field 'file', found fields: 'image'"


def test_a_file_over_the_budget_is_refused_before_it_is_read_whole(settings: Settings) -> None:
    with running(replace(settings, budgets=Budgets(bytes=100))) as container:
        error = _error(container.post(PREDICT, bytes(101)), 413)

    assert error["code"] == "budget-exceeded"
