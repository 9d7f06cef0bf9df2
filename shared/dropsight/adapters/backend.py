"""The ports, wired to the backend that the settings name. Imports only what that one needs."""

# ruff: noqa: PLC0415 - a function that starts cold must not import the other backend

from __future__ import annotations

from dataclasses import dataclass

from dropsight.ports import (
    DeadLetterStore,
    FeedbackStore,
    MessagePublisher,
    ObjectStore,
    ResultStore,
)
from dropsight.settings import Settings


@dataclass(frozen=True)
class Backend:
    """One set of adapters. All of it may be used from many threads."""

    objects: ObjectStore
    publisher: MessagePublisher
    results: ResultStore
    dead_letters: DeadLetterStore
    feedback: FeedbackStore


def open_backend(settings: Settings) -> Backend:
    """Raises BackendUnavailable where a database can't be opened. `gcp` connects on first use."""
    if settings.backend == "gcp":
        return _gcp(settings)
    return _embedded(settings)


def _embedded(settings: Settings) -> Backend:
    from dropsight.adapters.embedded import places
    from dropsight.adapters.embedded.documents import SqliteDeadLetterStore, SqliteResultStore
    from dropsight.adapters.embedded.feedback import SqliteFeedbackStore
    from dropsight.adapters.embedded.objects import FolderObjectStore
    from dropsight.adapters.embedded.queue import SqliteQueue

    return Backend(
        objects=FolderObjectStore(places.bucket_folders(settings), places.objects_state(settings)),
        publisher=SqliteQueue(places.queue_file(settings)),
        results=SqliteResultStore(places.documents_file(settings)),
        dead_letters=SqliteDeadLetterStore(places.documents_file(settings)),
        feedback=SqliteFeedbackStore(places.documents_file(settings)),
    )


def _gcp(settings: Settings) -> Backend:
    from dropsight.adapters.gcp.documents import FirestoreDeadLetterStore, FirestoreResultStore
    from dropsight.adapters.gcp.feedback import FirestoreFeedbackStore
    from dropsight.adapters.gcp.messages import PubSubPublisher
    from dropsight.adapters.gcp.objects import CloudObjectStore
    from dropsight.adapters.gcp.session import FIRESTORE, PUBSUB, STORAGE, Session

    firestore = Session(FIRESTORE)
    return Backend(
        objects=CloudObjectStore(Session(STORAGE)),
        publisher=PubSubPublisher(Session(PUBSUB), settings.project),
        results=FirestoreResultStore(firestore, settings.project),
        dead_letters=FirestoreDeadLetterStore(firestore, settings.project),
        feedback=FirestoreFeedbackStore(firestore, settings.project),
    )
