"""The embedded backend as the laptop's own commands use it: they see more than the ports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from dropsight.adapters.embedded import places
from dropsight.adapters.embedded.documents import SqliteDeadLetterStore, SqliteResultStore
from dropsight.adapters.embedded.feedback import SqliteFeedbackStore
from dropsight.adapters.embedded.objects import FolderObjectStore
from dropsight.adapters.embedded.queue import SqliteQueue
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Result
from dropsight.pipeline.announce import announcer
from dropsight.pipeline.deletion import Delete
from dropsight.pipeline.request_explanation import RequestExplanation
from dropsight.settings import Settings


@dataclass(frozen=True)
class Store:
    objects: FolderObjectStore
    queue: SqliteQueue
    results: SqliteResultStore
    dead_letters: SqliteDeadLetterStore
    feedback: SqliteFeedbackStore

    def subscribe(self) -> None:
        """Before the first message: a topic without subscriptions forgets what it is given."""
        from dropsight.cli.dispatcher.subscriptions import SUBSCRIPTIONS

        for subscription in SUBSCRIPTIONS:
            self.queue.subscribe(subscription)

    def subscribe_webhooks(self, subscribers: Collection[str]) -> dict[str, int]:
        """Exactly these are told of results from now on; those that were but are not any more, with
        the number of messages that they were still to get."""
        from dropsight.cli.dispatcher.subscriptions import webhook
        from dropsight.domain.events import TOPIC_RESULTS, subscriber_of

        wanted = [webhook(one) for one in subscribers]
        for subscription in wanted:
            self.queue.subscribe(subscription)
        gone = set(self.queue.subscriptions(TOPIC_RESULTS)) - {one.name for one in wanted}
        return {subscriber_of(one) or one: self.queue.unsubscribe(one) for one in sorted(gone)}


def open_store(settings: Settings) -> Store:
    """Makes the folders and files that are missing."""
    return Store(
        objects=FolderObjectStore(places.bucket_folders(settings), places.objects_state(settings)),
        queue=SqliteQueue(places.queue_file(settings)),
        results=SqliteResultStore(places.documents_file(settings)),
        dead_letters=SqliteDeadLetterStore(places.documents_file(settings)),
        feedback=SqliteFeedbackStore(places.documents_file(settings)),
    )


NEWEST = 10_000
"""Results among which a file's name is looked for."""


def result_of(store: Store, text: str) -> Result | None:
    """The result with this id, or the newest of an upload that is called so.

    `text` is an id, an object's name (`cxr/film.dcm`), or the last part of one (`film.dcm`).
    """
    found = store.results.get(text)
    if found is not None:
        return found
    return next(
        (
            one
            for one in store.results.list(NEWEST)
            if one.source.object == text or one.source.object.endswith(f"/{text}")
        ),
        None,
    )


def explaining(
    store: Store, settings: Settings, models: Mapping[str, Manifest]
) -> RequestExplanation:
    """The step that asks for explanations of results of this store."""
    return RequestExplanation(
        objects=store.objects,
        results=store.results,
        publisher=store.queue,
        models=models,
        work_bucket=settings.work_bucket,
    )


def deletion(store: Store, settings: Settings) -> Delete:
    """The step that deletes results of this store."""
    return Delete(
        objects=store.objects,
        results=store.results,
        dead_letters=store.dead_letters,
        feedback=store.feedback,
        work_bucket=settings.work_bucket,
        results_bucket=settings.results_bucket,
        # Also by a command that does not know the settings of `dropsight up`: without subscribers
        # the queue forgets it.
        announce=announcer(store.queue, replace(settings, publish_changes="true")),
    )
