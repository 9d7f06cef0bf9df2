"""Pub/Sub's promises in one SQLite file: at-least-once, ack deadlines, backoff, dead letters."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection

from dropsight.adapters.embedded.database import Database
from dropsight.adapters.embedded.queue_schema import ANNOUNCE, BACKLOG, DUE, SCHEMA, SUBSCRIBE
from dropsight.domain.events import REASON_ATTRIBUTE

# Attributes of a dead letter, as Pub/Sub names them; our own reason comes beside them.
SOURCE_SUBSCRIPTION = "CloudPubSubDeadLetterSourceSubscription"
SOURCE_DELIVERY_COUNT = "CloudPubSubDeadLetterSourceDeliveryCount"
SOURCE_PUBLISH_TIME = "CloudPubSubDeadLetterSourceTopicPublishTime"


@dataclass(frozen=True)
class Subscription:
    """Who gets the messages of `topic`, and how failures are retried. Times in seconds.

    ack_deadline_s
        A delivery that is neither acked nor nacked by then is delivered again.
    min_backoff_s, max_backoff_s
        The wait after a nack doubles with every attempt between these.
    max_attempts
        After so many failed deliveries a message moves to `dead_letter_topic`; without such a
        topic it is retried for ever.
    """

    name: str
    topic: str
    ack_deadline_s: float = 60.0
    min_backoff_s: float = 1.0
    max_backoff_s: float = 60.0
    max_attempts: int = 5
    dead_letter_topic: str | None = None


@dataclass(frozen=True)
class Delivery:
    """One attempt to hand one message to one subscription. `attempt` counts from 1."""

    ack_id: str
    message_id: str
    data: bytes
    attributes: Mapping[str, str]
    publish_time: float
    """Seconds since the epoch."""
    attempt: int
    topic: str


@dataclass(frozen=True)
class Backlog:
    """Messages of one subscription."""

    ready: int
    """To be had by `pull` now."""
    waiting: int
    """Failed, and waiting out their backoff."""
    outstanding: int
    """Delivered, not acked, deadline not passed."""
    dead: int
    """Moved to the dead-letter topic so far."""


class SqliteQueue:
    """Topics and subscriptions for the processes of one machine.

    As with Pub/Sub, a message goes to the subscriptions that its topic has at that moment, and to
    nobody if there are none: `subscribe` comes before the first `publish`. Any delivery may come
    twice. A killed process loses nothing that a call returned for. A power cut may lose the last
    commits: an ack that is lost means a second delivery, which is allowed; an announcement that is
    lost takes its message with it, so the file is announced again; a message that is lost was
    published later than the ack of what caused it could be, for commits are lost from the end.
    What other files of the laptop (documents, objects) lost in a power cut is not noticed here.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since the epoch; a test brings its own."""
        self._database = Database(path, SCHEMA)
        self._clock = clock
        self._random = random.SystemRandom()

    def subscribe(self, subscription: Subscription) -> None:
        """Create it, or give the existing one of this name these settings."""
        with self._database.transaction() as connection:
            connection.execute(SUBSCRIBE, astuple(subscription))

    def unsubscribe(self, name: str) -> int:
        """Forget a subscription with what waits for it; how many messages that were."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM subscriptions WHERE name = ?", (name,))
            return connection.execute(
                "DELETE FROM deliveries WHERE subscription = ?", (name,)
            ).rowcount

    def subscriptions(self, topic: str) -> list[str]:
        """The names of those that get the messages of `topic`, in order."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name FROM subscriptions WHERE topic = ? ORDER BY name", (topic,)
            ).fetchall()
        return [str(name) for (name,) in rows]

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None) -> str:
        """The message's id, once it is stored for every subscription. Raises BackendUnavailable."""
        with self._database.transaction() as connection:
            return self._insert(connection, topic, data, attributes or {})

    def announce(
        self,
        bucket: str,
        name: str,
        generation: int,
        topic: str,
        data: bytes,
        attributes: Mapping[str, str] | None = None,
    ) -> bool:
        """Publish the event of this object version unless that was done before; False if it was.

        Event and note are one commit, so a watcher that is killed neither loses nor repeats one.
        """
        with self._database.transaction() as connection:
            new = connection.execute(ANNOUNCE, (bucket, name, generation)).rowcount
            if new:
                self._insert(connection, topic, data, attributes or {})
            return bool(new)

    def announced(self, bucket: str) -> dict[str, int]:
        """The generation of each object of `bucket` that was announced last, by name."""
        with self._database.read() as connection:
            return dict(
                connection.execute(
                    "SELECT name, generation FROM announcements WHERE bucket = ?", (bucket,)
                ).fetchall()
            )

    def pull(self, subscription: str, limit: int = 1) -> list[Delivery]:
        """Up to `limit` messages that are due, longest due first, yours until the ack deadline.

        A message whose last allowed attempt ran out is moved to the dead-letter topic instead.
        Costs one indexed look-up where nothing is due. Raises KeyError for an unknown subscription.
        """
        now = self._clock()
        with self._database.read() as connection:
            settings = _settings(connection, subscription)
            if not connection.execute(DUE, (subscription, now, 1)).fetchone():
                return []
        deliveries: list[Delivery] = []
        with self._database.transaction() as connection:
            for row in connection.execute(DUE, (subscription, now, limit)).fetchall():
                number, attempts, message, topic, data, attributes, published_at = row
                if attempts >= settings.max_attempts and self._bury(
                    connection, number, settings, "no answer before the ack deadline"
                ):
                    continue
                connection.execute(
                    "UPDATE deliveries SET attempts = attempts + 1, outstanding = 1, due_at = ?"
                    " WHERE id = ?",
                    (now + settings.ack_deadline_s, number),
                )
                deliveries.append(
                    Delivery(
                        ack_id=f"{number}-{attempts + 1}",
                        message_id=str(message),
                        data=data,
                        attributes=json.loads(attributes),
                        publish_time=published_at,
                        attempt=attempts + 1,
                        topic=topic,
                    )
                )
        return deliveries

    def ack(self, ack_id: str) -> None:
        """The message is done with, also if its deadline has passed meanwhile."""
        number, _ = _parse(ack_id)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM deliveries WHERE id = ?", (number,))

    def nack(self, ack_id: str, reason: str, retry_after_s: float | None = None) -> None:
        """This attempt failed: deliver again after the backoff, and not before `retry_after_s`.

        After the last allowed attempt the message moves to the dead-letter topic, with `reason`.
        Nothing happens if the deadline has passed and the message was delivered again since.
        """
        number, attempt = _parse(ack_id)
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT subscription FROM deliveries WHERE id = ? AND attempts = ? AND outstanding",
                (number, attempt),
            ).fetchone()
            if row is None:
                return
            settings = _settings(connection, row[0])
            if attempt >= settings.max_attempts and self._bury(
                connection, number, settings, reason
            ):
                return
            wait = max(self._backoff_s(settings, attempt), retry_after_s or 0.0)
            connection.execute(
                "UPDATE deliveries SET outstanding = 0, due_at = ? WHERE id = ?",
                (self._clock() + wait, number),
            )

    def recall(self, subscription: str) -> int:
        """Make outstanding deliveries due at once; how many there were.

        For a subscriber that starts and knows that the one before it is dead: its deliveries need
        not wait for their ack deadlines. Their attempts count.
        """
        with self._database.transaction() as connection:
            return connection.execute(
                "UPDATE deliveries SET outstanding = 0, due_at = ?"
                " WHERE subscription = ? AND outstanding",
                (self._clock(), subscription),
            ).rowcount

    def backlog(self) -> dict[str, Backlog]:
        """By subscription."""
        with self._database.read() as connection:
            rows = connection.execute(BACKLOG, {"now": self._clock()}).fetchall()
        return {name: Backlog(*counts) for name, *counts in rows}

    def next_due(self, subscription: str) -> float | None:
        """When `pull` will next find something as things stand, in seconds since the epoch."""
        with self._database.read() as connection:
            due: float | None = connection.execute(
                "SELECT MIN(due_at) FROM deliveries WHERE subscription = ?", (subscription,)
            ).fetchone()[0]
        return due

    def _insert(
        self, connection: Connection, topic: str, data: bytes, attributes: Mapping[str, str]
    ) -> str:
        now = self._clock()
        number = connection.execute(
            "INSERT INTO messages (topic, data, attributes, published_at) VALUES (?, ?, ?, ?)",
            (topic, data, json.dumps(dict(attributes)), now),
        ).lastrowid
        copies = connection.execute(
            "INSERT INTO deliveries (message, subscription, due_at, attempts, outstanding)"
            " SELECT ?, name, ?, 0, 0 FROM subscriptions WHERE topic = ?",
            (number, now, topic),
        ).rowcount
        if not copies:
            connection.execute("DELETE FROM messages WHERE id = ?", (number,))
        return str(number)

    def _bury(
        self, connection: Connection, number: int, settings: Subscription, reason: str
    ) -> bool:
        """Move a message to the dead-letter topic; False if nobody would get it there."""
        listener = connection.execute(
            "SELECT 1 FROM subscriptions WHERE topic = ?", (settings.dead_letter_topic,)
        ).fetchone()
        if listener is None:
            return False
        data, attributes, published_at, attempts = connection.execute(
            "SELECT data, attributes, published_at, attempts"
            " FROM deliveries d JOIN messages m ON m.id = d.message WHERE d.id = ?",
            (number,),
        ).fetchone()
        self._insert(
            connection,
            str(settings.dead_letter_topic),
            data,
            {
                **json.loads(attributes),
                SOURCE_SUBSCRIPTION: settings.name,
                SOURCE_DELIVERY_COUNT: str(attempts),
                SOURCE_PUBLISH_TIME: datetime.fromtimestamp(published_at, UTC).isoformat(),
                REASON_ATTRIBUTE: reason,
            },
        )
        connection.execute("DELETE FROM deliveries WHERE id = ?", (number,))
        connection.execute(
            "UPDATE subscriptions SET dead = dead + 1 WHERE name = ?", (settings.name,)
        )
        return True

    def _backoff_s(self, settings: Subscription, attempt: int) -> float:
        """min * 2^(attempt - 1), a quarter more or less so that failures don't come back as one."""
        full = settings.min_backoff_s * 2.0 ** min(attempt - 1, 60)
        wait = min(full, settings.max_backoff_s) * self._random.uniform(0.75, 1.25)
        return min(max(wait, settings.min_backoff_s), settings.max_backoff_s)


def _settings(connection: Connection, name: str) -> Subscription:
    row = connection.execute(
        "SELECT name, topic, ack_deadline_s, min_backoff_s, max_backoff_s, max_attempts,"
        " dead_letter_topic FROM subscriptions WHERE name = ?",
        (name,),
    ).fetchone()
    if row is None:
        raise KeyError(f"subscription {name} does not exist; subscribe first")
    return Subscription(*row)


def _parse(ack_id: str) -> tuple[int, int]:
    """Delivery number and attempt."""
    number, attempt = ack_id.split("-")
    return int(number), int(attempt)
