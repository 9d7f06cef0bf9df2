"""Google's own client libraries as witnesses: what we write they read, and the other way round."""

from __future__ import annotations

import queue
import uuid
from datetime import datetime

import pytest
from google.api_core.exceptions import PreconditionFailed as GooglePreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore, pubsub_v1, storage

from dropsight.adapters.gcp.documents import (
    EXPIRES_AT,
    FirestoreDeadLetterStore,
    FirestoreResultStore,
)
from dropsight.adapters.gcp.messages import PubSubPublisher
from dropsight.adapters.gcp.objects import CloudObjectStore
from dropsight.adapters.gcp.session import FIRESTORE, PUBSUB, STORAGE, Session
from dropsight.domain.errors import BackendUnavailable, ObjectGone, PreconditionFailed
from dropsight.domain.progress import mark_deleting
from dropsight.domain.wire import replace, to_plain
from tests.contract.records import full, letter, queued
from tests.emulators.object_server import ObjectServer

pytestmark = pytest.mark.contract

PATIENCE_S = 120.0
BINARY = bytes(range(256)) + b"\r\n--\r\n\n"


@pytest.fixture
def google_bucket(object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> storage.Bucket:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", object_server.address)
    client = storage.Client(project="p", credentials=AnonymousCredentials())
    return client.create_bucket(f"bucket-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def objects(object_server: ObjectServer) -> CloudObjectStore:
    return CloudObjectStore(Session(STORAGE, {"STORAGE_EMULATOR_HOST": object_server.address}))


def test_pieces_put_together_are_the_object(
    google_bucket: storage.Bucket, objects: CloudObjectStore
) -> None:
    """Of 263 bytes in pieces of 100 the last has 63; of an empty object there is none."""
    google_bucket.blob("large").upload_from_string(BINARY)
    google_bucket.blob("empty").upload_from_string(b"")

    pieces = list(objects.read_pieces(objects.stat(google_bucket.name, "large"), 100))

    assert [len(piece) for piece in pieces] == [100, 100, len(BINARY) - 200]
    assert b"".join(pieces) == BINARY
    assert list(objects.read_pieces(objects.stat(google_bucket.name, "empty"))) == []


def test_an_object_that_is_written_again_between_two_pieces_is_gone(
    google_bucket: storage.Bucket, objects: CloudObjectStore
) -> None:
    google_bucket.blob("large").upload_from_string(BINARY)
    pieces = objects.read_pieces(objects.stat(google_bucket.name, "large"), 100)
    next(pieces)

    google_bucket.blob("large").upload_from_string(BINARY)

    with pytest.raises(ObjectGone):
        next(pieces)


def test_google_reads_our_object(google_bucket: storage.Bucket, objects: CloudObjectStore) -> None:
    info = objects.write(
        google_bucket.name, "a/ü 1.dcm", BINARY, "application/dicom", metadata={"model": "cxr ü"}
    )

    blob = google_bucket.get_blob("a/ü 1.dcm", generation=info.generation)

    assert blob.download_as_bytes() == BINARY
    assert (blob.content_type, blob.metadata) == ("application/dicom", {"model": "cxr ü"})
    assert (blob.generation, blob.size) == (info.generation, info.size)


def test_we_read_googles_object(google_bucket: storage.Bucket, objects: CloudObjectStore) -> None:
    blob = google_bucket.blob("a/ü 1.dcm")
    blob.metadata = {"model": "cxr"}
    blob.upload_from_string(BINARY, "application/dicom", if_generation_match=0)

    info = objects.stat(google_bucket.name, "a/ü 1.dcm", blob.generation)

    assert objects.read(google_bucket.name, "a/ü 1.dcm", blob.generation) == BINARY
    assert (info.content_type, info.metadata) == ("application/dicom", {"model": "cxr"})


def test_both_refuse_to_write_over_the_other(
    google_bucket: storage.Bucket, objects: CloudObjectStore
) -> None:
    objects.write(google_bucket.name, "ours", b"1")
    google_bucket.blob("theirs").upload_from_string(b"2")

    with pytest.raises(GooglePreconditionFailed):
        google_bucket.blob("ours").upload_from_string(b"x", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        objects.write(google_bucket.name, "theirs", b"x", if_generation_match=0)


def test_both_list_all_pages_alike(
    google_bucket: storage.Bucket, objects: CloudObjectStore
) -> None:
    for number in range(8):  # the test server lists three at a time
        objects.write(google_bucket.name, f"a/{number}", b"x")
    google_bucket.blob("b").upload_from_string(b"x")

    assert [one.name for one in objects.list(google_bucket.name)] == [
        blob.name for blob in google_bucket.list_blobs()
    ]
    assert len(list(google_bucket.list_blobs(prefix="a/"))) == 8


def test_a_bucket_that_does_not_exist_is_a_matter_of_settings(objects: CloudObjectStore) -> None:
    with pytest.raises(BackendUnavailable, match="bucket none: does not exist"):
        objects.write("none", "x", b"")
    with pytest.raises(BackendUnavailable, match="bucket none: does not exist"):
        list(objects.list("none"))


@pytest.fixture
def google_firestore(firestore_emulator: str, monkeypatch: pytest.MonkeyPatch) -> firestore.Client:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
    return firestore.Client(project=f"project-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def results(firestore_emulator: str, google_firestore: firestore.Client) -> FirestoreResultStore:
    session = Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": firestore_emulator})
    return FirestoreResultStore(session, google_firestore.project)


def test_google_reads_our_result_as_ordinary_fields(
    google_firestore: firestore.Client, results: FirestoreResultStore
) -> None:
    results.create(full())

    found = google_firestore.collection("results").document("full").get().to_dict()

    assert found.pop("arrivedAt") == full().arrived_at
    assert found.pop("foundLabels") == ["cell"]
    assert found.pop("listEntry") == {
        "object": "cxr/film 1.dcm",
        "format": None,
        "model": "cxr",
        "found": [{"label": "cell", "probability": 0.5}],
        "errorCode": "x",
        "display": None,
    }
    assert isinstance(found.pop("changedAt"), datetime)
    assert found == to_plain(full())
    assert type(found["timeline"]["ingest.decode"]) is float


def test_who_follows_changes_is_told_of_each_write_and_of_a_deletion(
    google_firestore: firestore.Client, results: FirestoreResultStore
) -> None:
    reference = google_firestore.collection("results").document("r1")
    times = []
    results.create(queued())
    times.append(reference.get().to_dict()["changedAt"])
    for change in (lambda one: replace(one, frames=1), lambda one: mark_deleting(one, 2.0)):
        results.update("r1", change)
        times.append(reference.get().to_dict()["changedAt"])

    assert times == sorted(set(times))
    assert reference.get().to_dict().keys().isdisjoint({"arrivedAt", "foundLabels", "listEntry"})


def test_we_read_googles_result(
    google_firestore: firestore.Client, results: FirestoreResultStore
) -> None:
    google_firestore.collection("results").document("full").set(to_plain(full()))

    assert results.get("full") == full()


def test_google_orders_our_results_by_arrival(
    google_firestore: firestore.Client, results: FirestoreResultStore
) -> None:
    for name, at in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
        results.create(queued(name, at))

    query = google_firestore.collection("results").order_by("arrivedAt", direction="DESCENDING")

    assert [one.id for one in query.stream()] == ["b", "c", "a"]


def test_a_listener_of_google_sees_a_deleted_result_leave(
    google_firestore: firestore.Client, results: FirestoreResultStore
) -> None:
    """What a web client does: it listens to the newest results."""
    results.create(queued("stays", 1.0))
    results.create(queued("goes", 2.0))
    heard: queue.Queue[list[tuple[str, str]]] = queue.Queue()
    newest = google_firestore.collection("results").order_by("arrivedAt", direction="DESCENDING")
    watch = newest.on_snapshot(
        lambda _documents, changes, _time: heard.put(
            [(one.type.name, one.document.id) for one in changes]
        )
    )
    try:
        assert sorted(heard.get(timeout=PATIENCE_S)) == [("ADDED", "goes"), ("ADDED", "stays")]

        results.update("goes", lambda one: mark_deleting(one, 3.0))

        assert heard.get(timeout=PATIENCE_S) == [("REMOVED", "goes")]
    finally:
        watch.unsubscribe()


def test_an_update_of_ours_notices_a_write_of_googles(
    google_firestore: firestore.Client, results: FirestoreResultStore
) -> None:
    results.create(queued())
    runs: list[int] = []

    def change(result):
        if not runs:  # between our read and our write
            google_firestore.collection("results").document("r1").update({"width": 7})
        runs.append(result.width)
        return replace(result, frames=1)

    changed = results.update("r1", change)

    assert runs == [0, 7]
    assert (changed.width, changed.frames) == (7, 1)


def test_an_update_does_not_bring_a_deleted_result_back(
    google_firestore: firestore.Client, results: FirestoreResultStore
) -> None:
    results.create(queued())

    def change(result):
        google_firestore.collection("results").document("r1").delete()
        return replace(result, frames=1)

    with pytest.raises(KeyError):
        results.update("r1", change)
    assert results.get("r1") is None


def test_google_reads_our_dead_letter(
    google_firestore: firestore.Client, firestore_emulator: str
) -> None:
    session = Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": firestore_emulator})
    FirestoreDeadLetterStore(session, google_firestore.project).put(letter())

    found = google_firestore.collection("deadLetters").document("m1").get().to_dict()

    assert found == {**to_plain(letter()), EXPIRES_AT: found[EXPIRES_AT]}


def test_google_pulls_our_message(pubsub_emulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_emulator)
    project = f"project-{uuid.uuid4().hex[:12]}"
    topic = f"projects/{project}/topics/topic"
    subscription = f"projects/{project}/subscriptions/subscription"
    pubsub_v1.PublisherClient().create_topic(name=topic)
    with pubsub_v1.SubscriberClient() as subscriber:
        subscriber.create_subscription(name=subscription, topic=topic)
        publisher = PubSubPublisher(
            Session(PUBSUB, {"PUBSUB_EMULATOR_HOST": pubsub_emulator}), project
        )

        message_id = publisher.publish("topic", BINARY, {"a": "ü"})

        (received,) = subscriber.pull(subscription=subscription, max_messages=1).received_messages
    assert received.message.message_id == message_id
    assert received.message.data == BINARY
    assert dict(received.message.attributes) == {"a": "ü"}


def test_publishing_to_a_topic_that_does_not_exist_is_unavailable(pubsub_emulator: str) -> None:
    publisher = PubSubPublisher(Session(PUBSUB, {"PUBSUB_EMULATOR_HOST": pubsub_emulator}), "p")

    with pytest.raises(BackendUnavailable, match="NOT_FOUND"):
        publisher.publish("nothing", b"{}")
