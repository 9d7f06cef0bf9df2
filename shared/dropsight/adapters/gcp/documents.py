"""Results and dead letters in Firestore, over its REST API.

https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dropsight.adapters.gcp.collection import Collection, Filter
from dropsight.adapters.gcp.list_entry import list_entry
from dropsight.adapters.gcp.session import Session
from dropsight.adapters.gcp.values import from_fields
from dropsight.domain.errors import BackendUnavailable
from dropsight.domain.events import DeadLetter
from dropsight.domain.queries import EVERYTHING, Position, ResultQuery
from dropsight.domain.results import DELETED, Result
from dropsight.domain.wire import from_plain, to_plain

RESULTS = "results"
DEAD_LETTERS = "deadLetters"
EXPIRES_AT = "expiresAt"
"""Beside the fields of a dead letter: when Firestore deletes it (terraform/database.tf, TTL)."""
KEPT = timedelta(days=180)
"""A letter names its upload, which may name a person: one that nobody looked at does not stay."""
ARRIVED_AT = "arrivedAt"
"""Beside the fields of a result: `Result.arrived_at`, for clients to order by. A tombstone has
none, so it drops out of every list and of every listener to one."""
FOUND_LABELS = "foundLabels"
"""Beside them, too: `Result.found_labels`, for clients to filter by."""
LIST_ENTRY = "listEntry"
"""Beside them, too: what a list shows (`list_entry`), so that a client need not read the rest."""
CHANGED_AT = "changedAt"
"""Beside them, too: Firestore's own time of the last write, for clients to follow changes by. A
tombstone has it, so a client that shows the result learns that it is gone."""
MOST_ALTERNATIVES = 30
"""Of one IN: https://firebase.google.com/docs/firestore/query-data/queries#limits_on_or_queries"""
ROUNDS = 40
LONGEST_PAUSE_S = 1.0


class FirestoreResultStore:
    """ResultStore in the collection `results`.

    `update` reads the document and writes it on the condition that its `updateTime` is still the
    one that was read, and begins again where it is not. For a single document that is a
    transaction, with one round trip less and without a lock that a killed worker would leave.
    """

    def __init__(self, session: Session, project: str) -> None:
        self._collection = Collection(session, project, RESULTS, stamped=CHANGED_AT)
        self._random = random.SystemRandom()

    def create(self, result: Result) -> bool:
        return self._collection.write(result.result_id, _plain(result), {"exists": False})

    def get(self, result_id: str) -> Result | None:
        found = self._collection.get(result_id)
        return from_plain(from_fields(found["fields"]), Result) if found else None

    def update(self, result_id: str, change: Callable[[Result], Result | None]) -> Result:
        """As the port says. Raises BackendUnavailable also where others were faster 40 times."""
        for attempt in range(ROUNDS):
            found = self._collection.get(result_id)
            if found is None:
                raise KeyError(f"result {result_id} does not exist")
            stored = from_plain(from_fields(found["fields"]), Result)
            changed = change(stored)
            if changed is None:
                return stored
            if self._collection.write(
                result_id, _plain(changed), {"updateTime": found["updateTime"]}
            ):
                return changed
            time.sleep(self._random.uniform(0.0, min(0.02 * 2**attempt, LONGEST_PAUSE_S)))
        raise BackendUnavailable(f"result {result_id}: changed by others {ROUNDS} times on end")

    def list(
        self, limit: int = 100, query: ResultQuery = EVERYTHING, after: Position | None = None
    ) -> Sequence[Result]:
        """As the port says. `docs/rest-api.md` has the composite indexes that this takes."""
        place = _place(query, after)
        found = [
            from_plain(one, Result)
            for filters in _filters(query)
            for one in self._collection.find(filters, _order(query), limit, place)
        ]
        return sorted(found, key=lambda one: (one.arrived_at, one.result_id), reverse=True)[:limit]

    def delete(self, result_id: str) -> None:
        self._collection.delete(result_id)


class FirestoreDeadLetterStore:
    """DeadLetterStore in the collection `deadLetters`."""

    def __init__(self, session: Session, project: str) -> None:
        self._collection = Collection(session, project, DEAD_LETTERS)

    def put(self, letter: DeadLetter) -> None:
        expires_at = datetime.fromtimestamp(letter.failed_at, UTC) + KEPT
        fields = {**to_plain(letter), EXPIRES_AT: expires_at}
        self._collection.write(letter.message_id, fields, {"exists": False})

    def get(self, message_id: str) -> DeadLetter | None:
        found = self._collection.get(message_id)
        return from_plain(from_fields(found["fields"]), DeadLetter) if found else None

    def list(self, limit: int = 100, result_id: str | None = None) -> Sequence[DeadLetter]:
        of_one = [] if result_id is None else [Filter("resultId", "EQUAL", result_id)]
        found = self._collection.find(of_one, [] if of_one else ["failedAt"], limit)
        return [from_plain(one, DeadLetter) for one in found]

    def delete(self, message_id: str) -> None:
        self._collection.delete(message_id)


def _filters(query: ResultQuery) -> list[list[Filter]]:
    """One list for each request that it takes."""
    if query.status in DELETED:
        return [[Filter("status", "EQUAL", query.status)]]
    asked = (
        Filter("model.name", "EQUAL", query.model),
        Filter("status", "EQUAL", query.status),
        Filter(FOUND_LABELS, "ARRAY_CONTAINS", query.label),
        Filter(ARRIVED_AT, "GREATER_THAN_OR_EQUAL", query.arrived_from),
        Filter(ARRIVED_AT, "LESS_THAN", query.arrived_before),
    )
    given = [one for one in asked if one.value is not None]
    if query.projects is None:
        return [given]
    projects = sorted(set(query.projects))
    return [
        [*given, Filter("project", "IN", projects[start : start + MOST_ALTERNATIVES])]
        for start in range(0, len(projects), MOST_ALTERNATIVES)
    ]


def _order(query: ResultQuery) -> list[str]:
    """A document without the field is not in the list: so tombstones, which lack it, never are."""
    return [] if query.status in DELETED else [ARRIVED_AT]


def _place(query: ResultQuery, after: Position | None) -> tuple[float, str] | None:
    if after is None or query.status in DELETED:
        return None
    return after.arrived_at, after.result_id


def _plain(result: Result) -> dict[str, Any]:
    plain = to_plain(result)
    if result.is_deleted:
        return plain
    return {
        **plain,
        ARRIVED_AT: result.arrived_at,
        FOUND_LABELS: result.found_labels,
        LIST_ENTRY: list_entry(result),
    }
