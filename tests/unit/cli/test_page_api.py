"""`/v1` at the page's port: the same API, and no way in for another site."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from dropsight.cli.page.app import build_app
from dropsight.cli.store import Store, open_store
from dropsight.domain.results import Result, Source
from dropsight.domain.wire import replace
from dropsight.pipeline.artifacts import write_artifact
from dropsight.settings import Budgets, Settings

pytestmark = pytest.mark.unit

RESULT = Result(
    result_id="abc",
    status="explained",
    timestamps={"queued": 1000.0},
    source=Source(bucket="landing", object="cxr/a.dcm", generation=1),
)


class Echo(BaseHTTPRequestHandler):
    """Stands where the container would: says what it was asked."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _answer(self, body: bytes) -> None:
        asked = {
            "asked": f"{self.command} {self.path}",
            "type": self.headers.get("content-type"),
            "body": body.decode(),
            "cookie": self.headers.get("cookie"),
        }
        self.send_response(422)
        self.send_header("content-type", "application/json")
        self.send_header("retry-after", "7")
        self.send_header("access-control-allow-origin", "*")
        self.end_headers()
        self.wfile.write(json.dumps(asked).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent."""


@pytest.fixture(scope="module")
def container() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path, budgets=Budgets(bytes=1000))


@pytest.fixture
def store(settings: Settings) -> Store:
    made = open_store(settings)
    made.results.create(RESULT)
    made.objects.write("results", "abc/display-0-1.png", b"png", "image/png")
    return made


@pytest.fixture
def client(settings: Settings, store: Store, container: str) -> Iterator[TestClient]:
    app = build_app(store, settings, {}, {}, 8080, container)
    with TestClient(app, base_url="http://127.0.0.1:8080") as made:
        yield made


def test_results_are_listed_read_and_deleted(client: TestClient, store: Store):
    assert [one["resultId"] for one in client.get("/v1/results").json()["results"]] == ["abc"]
    assert client.get("/v1/results/abc").json()["status"] == "explained"

    assert client.delete("/v1/results/abc").json()["objects"] == 1

    assert client.get("/v1/results/abc").status_code == 410
    assert client.get("/api/results/abc").status_code == 404
    assert client.get("/api/results").json()["results"] == []
    assert list(store.objects.list("results")) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"host": "evil.example:8080"},
        {"host": "evil.example:8080", "origin": "http://evil.example:8080"},
    ],
)
def test_another_sites_page_deletes_nothing(
    client: TestClient, store: Store, headers: dict[str, str]
):
    answer = client.delete("/v1/results/abc", headers=headers)

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "access-refused"
    assert store.results.get("abc") == RESULT


def test_a_preflight_of_another_site_gets_no_permission(client: TestClient, store: Store):
    asked = {"origin": "http://evil.example", "access-control-request-method": "DELETE"}
    answers = [
        client.options("/v1/results/abc", headers=asked),
        client.get("/v1/results/abc", headers={"origin": "http://evil.example"}),
        client.get("/v1/models", headers={"origin": "http://evil.example"}),
    ]

    assert answers[0].status_code == 403
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_our_own_page_may_delete(client: TestClient):
    own = {"origin": "http://127.0.0.1:8080"}

    assert client.delete("/v1/results/abc", headers=own).status_code == 200


def test_the_description_is_there_and_the_page_of_it_may_use_its_own_style_only(
    client: TestClient,
):
    assert client.get("/v1/openapi.json").json()["openapi"] == "3.1.0"
    shown = client.get("/v1/docs")
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/results/"])
def test_what_is_not_there_is_refused_in_the_shape_of_all_errors(client: TestClient, path: str):
    answer = client.get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "address-unknown")


def test_models_are_answered_by_the_container(client: TestClient):
    answer = client.post(
        "/v1/models/cxr%20a:predict?explain=lime&overlays=base64",
        content=b"pixels",
        headers={"content-type": "application/dicom", "cookie": "secret=1"},
    )

    assert answer.json() == {
        "asked": "POST /v1/models/cxr%20a:predict?explain=lime&overlays=base64",
        "type": "application/dicom",
        "body": "pixels",
        "cookie": None,
    }
    assert answer.status_code == 422
    assert answer.headers["retry-after"] == "7"
    assert client.get("/v1/models").json()["asked"] == "GET /v1/models"


def test_another_site_may_not_have_files_predicted(client: TestClient):
    answer = client.post("/v1/models/cxr:predict", headers={"origin": "http://evil.example"})

    assert answer.status_code == 403


def test_a_file_over_the_budget_goes_no_further(client: TestClient):
    answer = client.post("/v1/models/cxr:predict", content=b"x" * (1001 + 64 * 1024))

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "budget-exceeded")


def test_a_container_that_does_not_listen_is_503(settings: Settings, store: Store):
    app = build_app(store, settings, {}, {}, 8080, "http://127.0.0.1:1")
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        answer = client.get("/v1/models")

    assert answer.status_code == 503
    assert "the inference container does not answer" in answer.json()["error"]["message"]
    assert answer.headers["retry-after"] == "1"


def test_feedback_is_given_in_the_name_of_the_machines_user(client: TestClient, store: Store):
    target = "/v1/results/abc/feedback"

    said = client.post(target, json={"verdict": "agree", "comment": "so it is"})

    assert said.status_code == 201
    assert said.json()["author"] == {"uid": "laptop", "name": "laptop"}
    assert client.get(target).json() == {"feedback": [said.json()]}
    assert [one.comment for one in store.feedback.list("abc")] == ["so it is"]
    assert client.post(target, content=b"x" * 100_000).status_code == 400
    large = {"verdict": "agree", "comment": "x" * 100_000}
    assert client.post(target, json=large).status_code == 413
    foreign = {"origin": "http://evil.example"}
    assert client.post(target, json={"verdict": "agree"}, headers=foreign).status_code == 403
    assert len(store.feedback.list("abc")) == 1


def test_pictures_have_paths_of_this_server_that_do_not_expire(client: TestClient, store: Store):
    picture = write_artifact(store.objects, "results", "abc", "display-0", b"picture")
    store.results.update("abc", lambda one: replace(one, artifacts=[picture]))

    found = client.get("/v1/results/abc/addresses").json()

    assert found["expiresAt"] is None
    assert list(found["addresses"]) == ["display-0"]
    assert client.get(found["addresses"]["display-0"]).content == b"picture"


def test_a_laptop_gives_no_addresses_for_uploads(client: TestClient):
    answer = client.post("/v1/uploads", json={"name": "a", "route": "toy", "size": 1})

    assert answer.status_code == 404
    assert "in the cloud only" in answer.json()["error"]["message"]
