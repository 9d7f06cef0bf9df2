"""`/v1/results` without a web framework: what is answered to what."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dropsight.api.handlers import Handlers
from dropsight.api.messages import Request, Response
from dropsight.api.results_api import ResultsApi
from dropsight.domain.callers import MACHINES_USER, Caller
from dropsight.domain.errors import BackendUnavailable
from dropsight.domain.results import (
    CandidateSet,
    Explanation,
    Finding,
    ModelReference,
    Result,
    Source,
)
from dropsight.pipeline.artifacts import write_artifact
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.feedback import GiveFeedback
from dropsight.pipeline.results import ReadResults
from tests.fakes import (
    MemoryDeadLetterStore,
    MemoryFeedbackStore,
    MemoryObjectStore,
    MemoryResultStore,
)

pytestmark = pytest.mark.unit


class Host:
    """The API over stores in memory, with a film and a slide."""

    def __init__(self) -> None:
        self.objects, self.results = MemoryObjectStore(), MemoryResultStore()
        self.feedback = MemoryFeedbackStore()
        self.refusal: Exception | None = None
        delete = Delete(
            self.objects,
            self.results,
            MemoryDeadLetterStore(),
            self.feedback,
            "work",
            "results",
        )
        handlers = Handlers(
            ReadResults(self.results, self.objects),
            delete,
            GiveFeedback(self.feedback, self.results),
            explain=lambda: pytest.fail("nobody asked for an explanation"),
        )
        self.api = ResultsApi(handlers, self.admit)
        pictures = [
            write_artifact(self.objects, "results", "film", name, name.encode())
            for name in ("display-0", "heatmap-lime-viral-0", "overlay-lime-viral-0")
        ]
        self.results.create(
            Result(
                result_id="film",
                status="explained",
                timestamps={"queued": 60.0},
                source=Source(bucket="landing", object="cxr/film.dcm", generation=1),
                model=_model("cxr", "classification"),
                findings=[
                    Finding(label="viral", probability=0.75, threshold=0.5, positive=True),
                    Finding(label="bacterial", probability=0.25, threshold=0.5, positive=False),
                ],
                explanations=[
                    Explanation(
                        method="lime",
                        label="viral",
                        status="done",
                        heatmap="heatmap-lime-viral-0",
                        overlay="overlay-lime-viral-0",
                    )
                ],
                artifacts=pictures,
            )
        )
        self.results.create(
            Result(
                result_id="slide",
                status="explained",
                timestamps={"queued": 120.0},
                source=Source(bucket="landing", object="cells/slide.tif", generation=2),
                model=_model("cells", "detection"),
                findings=[_cell(0.75, 0.0), _cell(0.5, 2.0), _cell(0.25, 20.0)],
                candidates=CandidateSet(minimum_score=0.1, maximum=100, iou=0.5),
            )
        )

    def admit(self, _request: Request) -> Caller:
        if self.refusal is not None:
            raise self.refusal
        return MACHINES_USER

    def ask(self, target: str, method: str = "GET", **headers: str) -> Response:
        path, _, query = target.partition("?")
        given = dict(one.split("=", 1) for one in query.split("&")) if query else {}
        return self.api(Request(method, path, given, headers))

    def get(self, target: str) -> Any:
        answer = self.ask(target)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def error(self, target: str, status: int, method: str = "GET") -> dict[str, Any]:
        answer = self.ask(target, method)
        assert answer.status == status, answer.body
        assert answer.media_type == "application/json"
        found: dict[str, Any] = json.loads(answer.body)
        assert list(found) == ["error"]
        assert sorted(found["error"]) == ["code", "message", "retryable", "stage"]
        error: dict[str, Any] = found["error"]
        return error


def _model(name: str, task: str) -> ModelReference:
    return ModelReference(name=name, version="2", digest="d", runtime="onnx", task=task)


def _cell(score: float, left: float) -> Finding:
    """Boxes of 4 by 4 pixels; those at 0 and at 2 overlap by 8 of 24: IoU 1/3."""
    return Finding(
        label="cell",
        probability=score,
        score=score,
        threshold=0.5,
        positive=score >= 0.5,
        box=[left, 0.0, 4.0, 4.0],
    )


@pytest.fixture
def host() -> Host:
    return Host()


def test_the_list_is_a_page_of_summaries_with_a_cursor_to_the_next(host: Host):
    first = host.get("/v1/results?limit=1")
    (slide,) = first["results"]
    assert (slide["resultId"], slide["arrivedAt"], slide["model"]) == ("slide", 120.0, "cells")
    assert slide["found"] == [{"label": "cell", "count": 2, "probability": 0.75}]

    second = host.get(f"/v1/results?limit=1&cursor={first['cursor']}")
    (film,) = second["results"]
    assert (film["resultId"], film["display"]) == ("film", "display-0")
    assert (film["explanationsDone"], film["explanations"]) == (1, 1)
    assert second["cursor"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("model=cxr", ["film"]),
        ("label=cell", ["slide"]),
        ("label=bacterial", []),  # below its operating point
        ("status=failed", []),
        ("from=1970-01-01T00:02:00Z", ["slide"]),
        ("to=1970-01-01T00:02:00Z", ["film"]),
        ("from=1970-01-01&to=1970-01-02", ["slide", "film"]),
    ],
)
def test_the_list_takes_conditions(host: Host, query: str, expected: list[str]):
    assert [one["resultId"] for one in host.get(f"/v1/results?{query}")["results"]] == expected


def test_a_result_comes_whole_and_with_its_pictures_where_they_are_asked_for(host: Host):
    plain = host.get("/v1/results/film")
    assert plain["findings"][0]["label"] == "viral"
    assert "overlays" not in plain

    overlays = host.get("/v1/results/film?overlays=base64")["overlays"]
    assert {name: base64.b64decode(one).decode() for name, one in overlays.items()} == {
        "heatmap-lime-viral-0": "heatmap-lime-viral-0",
        "overlay-lime-viral-0": "overlay-lime-viral-0",
    }


def test_health_data_is_kept_by_no_cache(host: Host):
    for target in ("/v1/results", "/v1/results/film", "/v1/results/film.csv"):
        assert host.ask(target).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "lines"),
    [("", 2), ("?confidence=0.2", 3), ("?confidence=0.2&iou=0.3", 2)],
)
def test_csv_follows_the_thresholds(host: Host, query: str, lines: int):
    answer = host.ask(f"/v1/results/slide.csv{query}")

    assert answer.media_type == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="slide.csv"'
    assert len(answer.body.decode().splitlines()) == 1 + lines


def test_coco_follows_the_thresholds(host: Host):
    assert len(host.get("/v1/results/slide.coco?confidence=0.6")["annotations"]) == 1


def test_an_artifact_comes_with_a_tag_that_spares_the_second_transfer(host: Host):
    first = host.ask("/v1/results/film/artifacts/display-0")
    assert (first.status, first.body, first.media_type) == (200, b"display-0", "image/png")
    assert first.headers["cache-control"] == "private, no-cache"

    tag = first.headers["etag"]
    again = host.ask("/v1/results/film/artifacts/display-0", **{"if-none-match": tag})
    assert (again.status, again.body) == (304, b"")
    other = host.ask("/v1/results/film/artifacts/display-0", **{"if-none-match": '"old"'})
    assert other.status == 200


def test_deletion_says_what_went_and_reading_says_that_it_did(host: Host):
    answer = host.ask("/v1/results/film", "DELETE")

    assert answer.status == 200
    assert json.loads(answer.body) == {
        "resultId": "film",
        "objects": 3,
        "deadLetters": 0,
        "feedback": 0,
        "source": False,
    }
    assert host.error("/v1/results/film", 410)["code"] == "result-deleted"
    assert host.error("/v1/results/film.csv", 410)["code"] == "result-deleted"
    assert host.error("/v1/results/film/artifacts/display-0", 410)["code"] == "result-deleted"
    assert host.ask("/v1/results/film", "DELETE").status == 200


@pytest.mark.parametrize(
    ("target", "method", "status", "sentence"),
    [
        ("/v1/results/none", "GET", 404, "result none: there is none; legal are the ids"),
        ("/v1/results/none", "DELETE", 404, "result none: there is none"),
        ("/v1/results/none.csv", "GET", 404, "result none: there is none"),
        ("/v1/results/film.coco", "GET", 400, "result film: holds no objects"),
        ("/v1/results/film.pdf", "GET", 404, "/v1/results/film.pdf: nothing is here; /v1/docs"),
        ("/v1/results/a/b/c", "GET", 404, "nothing is here"),
        ("/v1/results/../x", "GET", 404, "nothing is here"),
        ("/v1/results/film/artifacts/x", "GET", 404, "there is none; legal are display-0, heatmap"),
        ("/v1/results/film", "PUT", 405, "PUT /v1/results/film: legal here are GET, DELETE"),
        ("/v1/results", "DELETE", 405, "DELETE /v1/results: legal here are GET"),
        ("/v1/results?lable=x", "GET", 400, "found parameter 'lable', legal are model, status"),
        ("/v1/results?status=deleted", "GET", 400, "status: found 'deleted', legal are queued"),
        ("/v1/results?cursor=x", "GET", 400, "cursor: found 'x', legal is the `cursor`"),
        ("/v1/results?cursor=WzEsMl0=", "DELETE", 405, "legal here are GET"),
        (
            "/v1/results/film?source=true",
            "GET",
            400,
            "found parameter 'source', legal are overlays",
        ),
    ],
)
def test_refusals_have_one_shape_and_say_what_is_legal(
    host: Host, target: str, method: str, status: int, sentence: str
):
    assert sentence in host.error(target, status, method)["message"]


@pytest.mark.parametrize("plain", ["[1]", "{}", "[1,2,3]", '["x","y"]', "[NaN,1]", "[null,1]"])
def test_a_cursor_that_is_not_ours_is_refused(host: Host, plain: str):
    cursor = base64.urlsafe_b64encode(plain.encode()).decode()

    assert "cursor: found" in host.error(f"/v1/results?cursor={cursor}", 400)["message"]


def test_a_method_that_is_refused_names_those_that_are_not(host: Host):
    assert host.ask("/v1/results/film", "POST").headers["allow"] == "GET, DELETE"


def test_a_backend_that_does_not_answer_is_503_with_a_time_to_come_back(host: Host):
    host.refusal = BackendUnavailable("Firestore: no answer", retry_after_s=2.5)

    assert host.error("/v1/results", 503)["retryable"] is True
    assert host.ask("/v1/results").headers["retry-after"] == "3"


def test_a_defect_of_ours_is_500_and_shows_nothing_of_itself(host: Host):
    host.refusal = RuntimeError("patient Müller")

    assert host.error("/v1/results", 500)["code"] == "internal"
    assert b"ller" not in host.ask("/v1/results").body
