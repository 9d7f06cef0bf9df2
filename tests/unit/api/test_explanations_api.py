"""Asking for an explanation over HTTP: what is on its way, and why something is not."""

from __future__ import annotations

from typing import Any

import pytest

from dropsight.domain.events import TOPIC_EXPLAIN, ExplanationRequested
from dropsight.domain.results import Explanation, Finding, Result
from dropsight.domain.wire import decode, replace
from tests.unit.api.cloud_host import OTHERS_ADMIN, CloudHost, manifest

pytestmark = pytest.mark.unit

TARGET = "/v1/results/film/explanations"
WANTED = {"method": "lime", "label": "viral"}


@pytest.fixture
def host() -> CloudHost:
    """Its film was made by the model that is served, and its prepared frame is still there."""
    made = CloudHost()

    def served(result: Result) -> Result:
        assert result.model is not None
        model = replace(result.model, digest=manifest("chest").digest)
        return replace(result, model=model, findings=[Finding(label="viral", probability=0.7)])

    made.results.update("film", served)
    made.objects.write("work", "frames/film.frame", b"pixels", "application/zip")
    return made


def requests(host: CloudHost) -> list[ExplanationRequested]:
    return [
        decode(one.data, ExplanationRequested)
        for one in host.publisher.published
        if one.topic == TOPIC_EXPLAIN
    ]


def test_what_is_asked_for_is_on_its_way_and_in_the_document(host: CloudHost):
    status, entry = host.told("POST", TARGET, WANTED)

    assert (status, entry["status"], entry["label"]) == (202, "pending", "viral")
    (sent,) = requests(host)
    assert (sent.result_id, sent.method, sent.labels) == ("film", "lime", ["viral"])
    film = host.results.get("film")
    assert film is not None
    assert [one.status for one in film.explanations] == ["pending"]


def test_what_is_there_already_is_answered_at_once(host: CloudHost):
    done = Explanation(method="lime", label="viral", status="done", heatmap="heatmap-0")
    host.results.update("film", lambda r: replace(r, explanations=[done]))

    status, entry = host.told("POST", TARGET, WANTED)

    assert (status, entry["heatmap"]) == (200, "heatmap-0")
    assert requests(host) == []


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"label": "viral"}, 400, "method"),
        ({**WANTED, "frames": 1}, 400, "frames"),
        ({**WANTED, "method": "shap"}, 422, "found 'shap', legal are grad-cam, lime"),
        ({**WANTED, "label": "cat"}, 422, "found 'cat', legal are viral"),
        ({**WANTED, "method": "grad-cam"}, 422, "neither gradients nor class activation maps"),
        ({"method": "lime", "object": 0}, 422, "classifies"),
        ({**WANTED, "frame": 3}, 400, "frame"),
    ],
)
def test_what_cannot_be_explained_says_why(host: CloudHost, body: Any, status: int, sentence: str):
    found, answer = host.told("POST", TARGET, body)

    assert found == status
    assert sentence in answer["error"]["message"]
    assert requests(host) == []


def test_a_frame_that_is_no_longer_stored_is_told(host: CloudHost):
    host.objects.delete("work", "frames/film.frame")
    status, answer = host.told("POST", TARGET, WANTED)
    assert (status, answer["error"]["code"]) == (404, "object-gone")


def test_results_of_other_projects_are_none(host: CloudHost):
    host.caller = OTHERS_ADMIN
    assert host.told("POST", TARGET, WANTED)[0] == 404
    assert requests(host) == []
