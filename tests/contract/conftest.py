"""Every adapter of each port, by one fixture for each port."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from dropsight.adapters.backend import Backend
from dropsight.adapters.embedded.documents import SqliteDeadLetterStore, SqliteResultStore
from dropsight.adapters.embedded.feedback import SqliteFeedbackStore
from dropsight.adapters.embedded.objects import FolderObjectStore
from dropsight.adapters.embedded.queue import SqliteQueue, Subscription
from dropsight.adapters.gcp.documents import FirestoreDeadLetterStore, FirestoreResultStore
from dropsight.adapters.gcp.feedback import FirestoreFeedbackStore
from dropsight.adapters.gcp.messages import PubSubPublisher
from dropsight.adapters.gcp.objects import CloudObjectStore
from dropsight.adapters.gcp.session import FIRESTORE, PUBSUB, STORAGE, Session
from dropsight.ports import DeadLetterStore, FeedbackStore, ObjectStore, ResultStore
from tests.contract.channel import Channel, Received
from tests.contract.pubsub_rest import pull_one, subscribe
from tests.fakes import (
    MemoryDeadLetterStore,
    MemoryFeedbackStore,
    MemoryObjectStore,
    MemoryPublisher,
    MemoryResultStore,
)

ADAPTERS = ("memory", "embedded", "gcp")


@pytest.fixture(params=ADAPTERS)
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Has one empty bucket, `bucket`, that no other test sees."""
    return _objects(request, tmp_path)


@pytest.fixture(params=ADAPTERS)
def results(request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
    return _results(request, tmp_path)


@pytest.fixture(params=ADAPTERS)
def dead_letters(request: pytest.FixtureRequest, tmp_path: Path) -> DeadLetterStore:
    return _dead_letters(request, tmp_path)


@pytest.fixture(params=ADAPTERS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """All stores of one kind, with one bucket `bucket`; what is published stays in memory."""
    return Backend(
        objects=_objects(request, tmp_path),
        publisher=MemoryPublisher(),
        results=_results(request, tmp_path),
        dead_letters=_dead_letters(request, tmp_path),
        feedback=_feedback(request, tmp_path),
    )


def _objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "memory":
        return MemoryObjectStore()
    if request.param == "embedded":
        return FolderObjectStore({"bucket": tmp_path / "bucket"}, tmp_path / "state")
    server = request.getfixturevalue("object_server")
    server.objects.clear("bucket")
    return CloudObjectStore(Session(STORAGE, {"STORAGE_EMULATOR_HOST": server.address}))


def _results(request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
    if request.param == "memory":
        return MemoryResultStore()
    if request.param == "embedded":
        return SqliteResultStore(tmp_path / "documents.db")
    return FirestoreResultStore(_firestore(request), fresh_name("project"))


def _dead_letters(request: pytest.FixtureRequest, tmp_path: Path) -> DeadLetterStore:
    if request.param == "memory":
        return MemoryDeadLetterStore()
    if request.param == "embedded":
        return SqliteDeadLetterStore(tmp_path / "documents.db")
    return FirestoreDeadLetterStore(_firestore(request), fresh_name("project"))


@pytest.fixture(params=ADAPTERS)
def feedback(request: pytest.FixtureRequest, tmp_path: Path) -> FeedbackStore:
    return _feedback(request, tmp_path)


def _feedback(request: pytest.FixtureRequest, tmp_path: Path) -> FeedbackStore:
    if request.param == "memory":
        return MemoryFeedbackStore()
    if request.param == "embedded":
        return SqliteFeedbackStore(tmp_path / "documents.db")
    return FirestoreFeedbackStore(_firestore(request), fresh_name("project"))


@pytest.fixture(params=ADAPTERS)
def channel(request: pytest.FixtureRequest, tmp_path: Path) -> Channel:
    if request.param == "memory":
        memory = MemoryPublisher()

        def from_memory() -> Received:
            message = memory.published.pop(0)
            return Received(message.message_id, message.data, message.attributes)

        return Channel(memory, "topic", from_memory)
    if request.param == "embedded":
        queue = SqliteQueue(tmp_path / "queue.db")
        queue.subscribe(Subscription("subscription", "topic"))

        def from_queue() -> Received:
            (delivery,) = queue.pull("subscription")
            queue.ack(delivery.ack_id)
            return Received(delivery.message_id, delivery.data, dict(delivery.attributes))

        return Channel(queue, "topic", from_queue)
    host = request.getfixturevalue("pubsub_emulator")
    project, topic = fresh_name("project"), fresh_name("topic")
    subscribe(host, project, topic)
    session = Session(PUBSUB, {"PUBSUB_EMULATOR_HOST": host})
    return Channel(
        PubSubPublisher(session, project), topic, lambda: Received(*pull_one(host, project, topic))
    )


def fresh_name(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:12]}"


def _firestore(request: pytest.FixtureRequest) -> Session:
    host = request.getfixturevalue("firestore_emulator")
    return Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": host})
