"""The embedded backend as the laptop's own commands use it: they see more than the ports."""

from __future__ import annotations

from dataclasses import dataclass

from dropsight.adapters.embedded import places
from dropsight.adapters.embedded.documents import SqliteDeadLetterStore, SqliteResultStore
from dropsight.adapters.embedded.objects import FolderObjectStore
from dropsight.adapters.embedded.queue import SqliteQueue
from dropsight.pipeline.deletion import Delete
from dropsight.settings import Settings


@dataclass(frozen=True)
class Store:
    objects: FolderObjectStore
    queue: SqliteQueue
    results: SqliteResultStore
    dead_letters: SqliteDeadLetterStore

    def subscribe(self) -> None:
        """Before the first message: a topic without subscriptions forgets what it is given."""
        from dropsight.cli.dispatcher.subscriptions import SUBSCRIPTIONS

        for subscription in SUBSCRIPTIONS:
            self.queue.subscribe(subscription)


def open_store(settings: Settings) -> Store:
    """Makes the folders and files that are missing."""
    return Store(
        objects=FolderObjectStore(places.bucket_folders(settings), places.objects_state(settings)),
        queue=SqliteQueue(places.queue_file(settings)),
        results=SqliteResultStore(places.documents_file(settings)),
        dead_letters=SqliteDeadLetterStore(places.documents_file(settings)),
    )


def deletion(store: Store, settings: Settings) -> Delete:
    """The step that deletes results of this store."""
    return Delete(
        objects=store.objects,
        results=store.results,
        dead_letters=store.dead_letters,
        work_bucket=settings.work_bucket,
        results_bucket=settings.results_bucket,
    )
