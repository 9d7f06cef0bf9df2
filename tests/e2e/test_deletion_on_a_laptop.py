"""Over HTTP on `dropsight up`: upload, list, read, export, delete; then nothing comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dropsight.adapters.embedded import places
from dropsight.adapters.embedded.documents import SqliteResultStore
from dropsight.adapters.embedded.queue import SqliteQueue
from dropsight.cli.samples.catalogue import samples
from dropsight.domain.events import (
    TOPIC_EXPLAIN,
    TOPIC_FINALIZED,
    TOPIC_PREDICT,
    ExplanationRequested,
    ObjectFinalized,
    ObjectRef,
    PredictionRequested,
)
from dropsight.domain.results import Result
from dropsight.domain.wire import encode
from dropsight.settings import Settings
from tests.e2e.laptop import HTTP, Laptop
from tests.e2e.tiny_bundle import NAME

pytestmark = pytest.mark.e2e

FILM = samples()[0].data


class User:
    """Asks a laptop over HTTP, and looks into its folders."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.settings = Settings(root=laptop.root)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        answer = HTTP.request(method, self.laptop.url + path, body=body)
        return answer.status, answer.data

    def json(self, method: str, path: str) -> Any:
        status, data = self.ask(method, path)
        assert status == 200, data
        return json.loads(data)

    def explained(self, name: str) -> Result:
        status, said = self.ask("POST", f"api/upload?route=cxr&name={name}", FILM)
        assert status == 201
        identity = json.loads(said)["resultId"]
        self.laptop.wait_for(lambda: self.status(identity) == "explained", "explained")
        result = self.stored(identity)
        assert result is not None
        return result

    def stored(self, identity: str) -> Result | None:
        return SqliteResultStore(places.documents_file(self.settings)).get(identity)

    def status(self, identity: str) -> str | None:
        result = self.stored(identity)
        return result.status if result else None

    def files(self) -> list[str]:
        """Every file of the three buckets, unfinished ones included."""
        return sorted(
            str(path.relative_to(self.laptop.root))
            for folder in places.bucket_folders(self.settings).values()
            for path in folder.rglob("*")
            if path.is_file()
        )

    def files_with(self, text: str) -> list[str]:
        """Every file of the whole root, databases and logs included, that holds `text`."""
        return [
            str(path.relative_to(self.laptop.root))
            for path in sorted(self.laptop.root.rglob("*"))
            if path.is_file() and text.encode() in path.read_bytes()
        ]


@pytest.fixture
def user(shared_laptop: Laptop) -> Iterator[User]:
    yield User(shared_laptop)
    assert User(shared_laptop).files() == [], "a test left something behind"


def test_a_result_is_listed_read_exported_and_deleted_with_everything(user: User):
    result = user.explained("film.dcm")
    identity = result.result_id
    assert result.study is not None
    pseudonym = str(result.study.patient_id)

    (listed,) = user.json("GET", f"v1/results?model={NAME}&status=explained&limit=1")["results"]
    assert listed["resultId"] == identity
    read = user.json("GET", f"v1/results/{identity}?overlays=base64")
    assert sorted(read["overlays"]) == sorted(
        name for one in result.explanations for name in (one.heatmap, one.overlay) if name
    )
    status, table = user.ask("GET", f"v1/results/{identity}.csv")
    assert status == 200
    assert table.startswith(b"file,frame,label,probability")
    # Upload, frame, picture, its values, two heatmaps and two overlays.
    assert len(user.files()) == 1 + 1 + 1 + 1 + 4
    assert user.files_with(pseudonym) != []

    done = user.json("DELETE", f"v1/results/{identity}?source=true")

    assert (done["objects"], done["source"]) == (7, True)
    assert user.files() == []
    assert user.files_with(pseudonym) == []
    assert user.json("GET", "v1/results")["results"] == []
    assert user.ask("GET", f"v1/results/{identity}")[0] == 410
    tombstone = user.stored(identity)
    assert tombstone is not None
    assert tombstone.source.object == ""
    assert tombstone.findings == []


def test_messages_that_come_again_bring_nothing_back(user: User):
    result = user.explained("again.dcm")
    identity = result.result_id
    frame = ObjectRef(bucket="work", name=f"frames/{identity}.frame", generation=1)
    user.json("DELETE", f"v1/results/{identity}")
    tombstone = user.stored(identity)
    assert user.files() == ["bucket/cxr/again.dcm"]
    queue = SqliteQueue(places.queue_file(user.settings))

    for topic, message in (
        (
            TOPIC_FINALIZED,
            ObjectFinalized(
                bucket="landing",
                name="cxr/again.dcm",
                generation=result.source.generation,
                size=result.source.size,
            ),
        ),
        (
            TOPIC_PREDICT,
            PredictionRequested(result_id=identity, model=NAME, frame=frame, requested_at=1.0),
        ),
        (
            TOPIC_EXPLAIN,
            ExplanationRequested(
                result_id=identity,
                model=NAME,
                frame=frame,
                method="lime",
                labels=["viral"],
                requested_at=1.0,
            ),
        ),
    ):
        queue.publish(topic, encode(message))
    user.laptop.wait_for(lambda: nothing_waits(queue), "all messages acknowledged")

    assert user.files() == ["bucket/cxr/again.dcm"]
    assert user.stored(identity) == tombstone
    assert all(one.dead == 0 for one in queue.backlog().values())
    user.json("DELETE", f"v1/results/{identity}?source=true")  # its upload, after all


def test_a_deletion_while_the_file_is_worked_on_leaves_nothing(user: User):
    status, said = user.ask("POST", "api/upload?route=cxr&name=early.dcm", FILM)
    assert status == 201
    identity = json.loads(said)["resultId"]
    user.laptop.wait_for(lambda: user.stored(identity) is not None, "a document")

    user.json("DELETE", f"v1/results/{identity}?source=true")
    queue = SqliteQueue(places.queue_file(user.settings))
    user.laptop.wait_for(lambda: nothing_waits(queue), "all messages acknowledged")

    assert user.status(identity) == "deleted"
    assert [name for name in user.files() if Path(name).name != "early.dcm"] == []
    assert user.files() == []


def nothing_waits(queue: SqliteQueue) -> bool:
    return all(
        one.ready == 0 and one.outstanding == 0 and one.waiting == 0
        for one in queue.backlog().values()
    )
