"""The result page's server: who may ask, what it gives out, what it takes in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from dropsight.cli.page.app import build_app
from dropsight.cli.store import Store, open_store
from dropsight.domain.manifests import load_manifests
from dropsight.domain.results import CandidateSet, Finding, Result, Source
from dropsight.domain.wire import replace
from dropsight.imaging.png import decode_png, encode_png
from dropsight.pipeline.artifacts import write_artifact
from dropsight.settings import Budgets, Settings
from tests.e2e.tiny_bundle import NAME, write_bundle

pytestmark = pytest.mark.unit

NOBODY = "http://127.0.0.1:1"
RESULT = Result(
    result_id="abc",
    status="failed",
    timestamps={"queued": 1000.0, "failed": 1001.0},
    source=Source(bucket="landing", object="cxr/a.dcm", generation=1),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_bundle(tmp_path / "models")
    (tmp_path / "root").mkdir()
    return Settings(root=tmp_path / "root", models=tmp_path / "models", budgets=Budgets(bytes=1000))


@pytest.fixture
def store(settings: Settings) -> Store:
    made = open_store(settings)
    made.subscribe()
    return made


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    app = build_app(store, settings, load_manifests(settings.models), {"cxr": NAME}, 8080, NOBODY)
    with TestClient(app, base_url="http://127.0.0.1:8080") as made:
        yield made


def test_the_page_and_its_files_come_with_a_policy_that_allows_nothing_foreign(client: TestClient):
    files = re.findall(r'"\./(assets/[^"]+)"', client.get("/").text)
    assert any(name.endswith(".js") for name in files)
    for path in ("/", *files):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example:8080", "127.0.0.1:9999", "127.0.0.1", ""])
def test_another_host_name_is_refused(client: TestClient, host: str):
    assert client.get("/api/results", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
def test_another_sites_upload_is_refused(client: TestClient, store: Store, origin: str):
    answer = client.post("/api/upload?name=a.dcm", content=b"x", headers={"origin": origin})

    assert answer.status_code == 403
    assert list(store.objects.list("landing")) == []


def test_an_upload_lands_whole_and_its_event_is_queued(client: TestClient, store: Store):
    answer = client.post(
        "/api/upload?name=scan.dcm&route=cxr",
        content=b"0123456789",
        headers={"origin": "http://localhost:8080"},
    )

    assert answer.status_code == 201
    assert store.objects.read("landing", "cxr/scan.dcm") == b"0123456789"
    (delivery,) = store.queue.pull("dropsight-finalized-push", 5)
    assert b'"name":"cxr/scan.dcm"' in delivery.data
    assert len(answer.json()["resultId"]) == 26


def test_an_empty_file_is_taken_too(client: TestClient, store: Store):
    assert client.post("/api/upload?name=e.dcm&route=cxr", content=b"").status_code == 201
    assert store.objects.read("landing", "cxr/e.dcm") == b""


@pytest.mark.parametrize("name", ["../up.dcm", "", ".hidden", "a//b"])
def test_a_name_that_no_object_can_have_is_refused_with_a_sentence(client: TestClient, name: str):
    answer = client.post("/api/upload", params={"name": name}, content=b"x")

    assert answer.status_code == 400
    assert "object name" in answer.text


def test_a_file_over_the_budget_is_refused_declared_or_streamed(client: TestClient, store: Store):
    def stream() -> Iterator[bytes]:
        yield b"x" * 800
        yield b"x" * 800

    assert client.post("/api/upload?name=a", content=b"x" * 1001).status_code == 413
    assert client.post("/api/upload?name=a", content=stream()).status_code == 413
    assert list(store.objects.list("landing")) == []


def test_results_are_listed_newest_first_and_shown_whole(client: TestClient, store: Store):
    store.results.create(RESULT)
    newer = {"queued": 2000.0, "failed": 2000.0}
    store.results.create(replace(RESULT, result_id="def", timestamps=newer))

    listed = client.get("/api/results").json()

    assert [one["resultId"] for one in listed["results"]] == ["def", "abc"]
    assert client.get("/api/results/abc").json()["source"]["object"] == "cxr/a.dcm"
    assert client.get("/api/results/none").status_code == 404
    assert client.get("/api/results?limit=many").status_code == 400


def test_only_the_results_bucket_is_shown_and_may_be_kept_for_ever(
    client: TestClient, store: Store
):
    store.objects.write("results", "abc/overlay-1.png", b"png", "image/png")
    store.objects.write("landing", "cxr/patient.dcm", b"secret")

    shown = client.get("/artifacts/results/abc/overlay-1.png")

    assert shown.content == b"png"
    assert shown.headers["content-type"] == "image/png"
    assert "immutable" in shown.headers["cache-control"]
    assert client.get("/artifacts/landing/cxr/patient.dcm").status_code == 404
    assert client.get("/artifacts/results/..%2f..%2fbucket/cxr/patient.dcm").status_code == 404
    assert client.get("/artifacts/results/abc/none.png").status_code == 404


@pytest.fixture
def found(store: Store) -> Result:
    """One object of 4 x 4 pixels at (8, 8) of a grey picture of 40 x 30."""
    grey = encode_png(np.full((30, 40), 90, np.uint8))
    spot = Finding(
        label="spot", probability=0.5, score=0.5, threshold=0.4, box=[8.0, 8.0, 4.0, 4.0]
    )
    result = replace(
        RESULT,
        status="explained",
        findings=[spot],
        candidates=CandidateSet(minimum_score=0.1, maximum=9, iou=0.5),
        artifacts=[write_artifact(store.objects, "results", "abc", "display-0", grey)],
    )
    store.results.create(result)
    return result


@pytest.mark.usefixtures("found")
def test_an_overlay_is_drawn_as_it_is_asked_for_and_kept_only_while_it_holds(client: TestClient):
    drawn = client.get("/results/abc/overlay.png?mode=1")
    without = client.get("/results/abc/overlay.png?mode=1&confidence=0.6")

    assert drawn.headers["content-type"] == "image/png"
    assert drawn.headers["cache-control"] == "private, no-cache"
    assert drawn.headers["etag"] != without.headers["etag"]
    assert decode_png(drawn.content)[8, 8].tolist() == [0xE6, 0x9F, 0x00]
    assert (decode_png(without.content) == 90).all()
    tag = drawn.headers["etag"]
    again = client.get("/results/abc/overlay.png?mode=1", headers={"if-none-match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("mode=4", "mode: found 4, legal are 0"),
        ("mode=box", "mode: found 'box', legal is a whole number"),
        ("confidence=30", "confidence: found 30, legal are 0 to 1"),
        ("iou=nan", "iou: found nan, legal are 0 to 1"),
        ("labels=spot,cell", "labels: found 'cell', legal are spot"),
        ("frame=1", "frame: found 1, legal are 0 to 0"),
    ],
)
def test_an_overlay_that_makes_no_sense_is_refused_with_a_sentence(
    client: TestClient, query: str, sentence: str
):
    answer = client.get(f"/results/abc/overlay.png?{query}")

    assert answer.status_code == 400
    assert sentence in answer.text


def test_an_overlay_of_nothing_is_not_there(client: TestClient, store: Store, found: Result):
    store.results.create(replace(found, result_id="def", artifacts=[]))

    assert client.get("/results/none/overlay.png").status_code == 404
    assert client.get("/results/def/overlay.png").status_code == 404


def test_models_come_with_their_routes_and_their_card(client: TestClient):
    (model,) = client.get("/api/models").json()

    assert model["routes"] == ["cxr", NAME]
    assert client.get(f"/models/{NAME}/card").text.startswith("# A model for tests")
    assert client.get("/models/..%2f/card").status_code == 404


def test_the_page_is_told_that_its_results_are_on_this_machine(client: TestClient):
    answer = client.get("/config.json")

    assert answer.json() == {"source": "laptop"}
    assert answer.headers["cache-control"] == "no-cache"


def test_the_list_is_read_page_by_page(client: TestClient, store: Store):
    for number in range(5):
        at = {"queued": 1000.0 + number}
        store.results.create(replace(RESULT, result_id=f"r{number}", timestamps=at))

    pages = [client.get("/api/results?limit=2").json()]
    while pages[-1]["cursor"] is not None:
        pages.append(client.get(f"/api/results?limit=2&cursor={pages[-1]['cursor']}").json())

    names = [[one["resultId"] for one in page["results"]] for page in pages]
    assert names == [["r4", "r3"], ["r2", "r1"], ["r0"]]
    assert client.get("/api/results?cursor=nonsense").status_code == 400
