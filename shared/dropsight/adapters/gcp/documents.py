"""Results and dead letters in Firestore, over its REST API.

https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dropsight.adapters.document_limits import check_document
from dropsight.adapters.gcp.list_entry import list_entry
from dropsight.adapters.gcp.session import Session
from dropsight.adapters.gcp.values import from_fields, to_fields
from dropsight.domain.errors import BackendUnavailable
from dropsight.domain.events import DeadLetter
from dropsight.domain.queries import EVERYTHING, Position, ResultQuery
from dropsight.domain.results import DELETED, Result
from dropsight.domain.wire import from_plain, to_plain

RESULTS = "results"
DEAD_LETTERS = "deadLetters"
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
NOT_FOUND = 404
UNMET = ("ALREADY_EXISTS", "FAILED_PRECONDITION", "NOT_FOUND")
"""Firestore's reasons for a condition that does not hold."""
ROUNDS = 40
LONGEST_PAUSE_S = 1.0


class FirestoreResultStore:
    """ResultStore in the collection `results`.

    `update` reads the document and writes it on the condition that its `updateTime` is still the
    one that was read, and begins again where it is not. For a single document that is a
    transaction, with one round trip less and without a lock that a killed worker would leave.
    """

    def __init__(self, session: Session, project: str) -> None:
        self._collection = _Collection(session, project, RESULTS, stamped=CHANGED_AT)
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
        found = self._collection.find(_filters(query), _order(query), limit, _place(query, after))
        return [from_plain(one, Result) for one in found]

    def delete(self, result_id: str) -> None:
        self._collection.delete(result_id)


class FirestoreDeadLetterStore:
    """DeadLetterStore in the collection `deadLetters`."""

    def __init__(self, session: Session, project: str) -> None:
        self._collection = _Collection(session, project, DEAD_LETTERS)

    def put(self, letter: DeadLetter) -> None:
        self._collection.write(letter.message_id, to_plain(letter), {"exists": False})

    def get(self, message_id: str) -> DeadLetter | None:
        found = self._collection.get(message_id)
        return from_plain(from_fields(found["fields"]), DeadLetter) if found else None

    def list(self, limit: int = 100, result_id: str | None = None) -> Sequence[DeadLetter]:
        of_one = [] if result_id is None else [Filter("resultId", "EQUAL", result_id)]
        found = self._collection.find(of_one, [] if of_one else ["failedAt"], limit)
        return [from_plain(one, DeadLetter) for one in found]

    def delete(self, message_id: str) -> None:
        self._collection.delete(message_id)


@dataclass(frozen=True)
class Filter:
    """`operator` is one of Firestore's, such as EQUAL or ARRAY_CONTAINS."""

    field: str
    operator: str
    value: Any

    @property
    def plain(self) -> dict[str, Any]:
        (value,) = to_fields({"": self.value}).values()
        return {
            "fieldFilter": {"field": {"fieldPath": self.field}, "op": self.operator, "value": value}
        }


def _filters(query: ResultQuery) -> list[Filter]:
    if query.status in DELETED:
        return [Filter("status", "EQUAL", query.status)]
    asked = (
        Filter("model.name", "EQUAL", query.model),
        Filter("status", "EQUAL", query.status),
        Filter(FOUND_LABELS, "ARRAY_CONTAINS", query.label),
        Filter(ARRIVED_AT, "GREATER_THAN_OR_EQUAL", query.arrived_from),
        Filter(ARRIVED_AT, "LESS_THAN", query.arrived_before),
    )
    return [one for one in asked if one.value is not None]


def _order(query: ResultQuery) -> list[str]:
    """A document without the field is not in the list: so tombstones, which lack it, never are."""
    return [] if query.status in DELETED else [ARRIVED_AT]


def _place(query: ResultQuery, after: Position | None) -> tuple[float, str] | None:
    if after is None or query.status in DELETED:
        return None
    return after.arrived_at, after.result_id


class _Collection:
    """`stamped`: the field that Firestore sets to the time of each write, if any."""

    def __init__(
        self, session: Session, project: str, name: str, stamped: str | None = None
    ) -> None:
        self._session = session
        self._collection = name
        self._stamped = stamped
        self._name = f"projects/{project}/databases/(default)/documents"
        self._documents = f"/v1/{quote(self._name, safe='/()')}"

    def get(self, key: str) -> Any:
        """The document as Firestore has it, with `fields` and `updateTime`, or None."""
        response = self._session.request("GET", self._path(key), allow=(NOT_FOUND,))
        return None if response.status == NOT_FOUND else response.json()

    def write(self, key: str, plain: dict[str, Any], condition: Mapping[str, Any]) -> bool:
        """Write the whole document; False if `condition` does not hold.

        By `commit`: for PATCH the emulator takes every `updateTime` for zero.
        """
        check_document(plain, key)
        document = {"name": f"{self._name}/{self._collection}/{key}", "fields": to_fields(plain)}
        write: dict[str, Any] = {"update": document, "currentDocument": condition}
        if self._stamped is not None:
            stamp = {"fieldPath": self._stamped, "setToServerValue": "REQUEST_TIME"}
            write["updateTransforms"] = [stamp]
        response = self._session.request(
            "POST",
            f"{self._documents}:commit",
            body=json.dumps({"writes": [write]}).encode(),
            allow=UNMET,
            repeatable=False,
        )
        return response.status < 300

    def find(
        self,
        filters: Sequence[Filter],
        order: Sequence[str],
        limit: int,
        after: tuple[Any, str] | None = None,
    ) -> list[dict[str, Any]]:
        """The fields of documents in falling order of `order`, then of their keys; in the order of
        keys where `order` is empty. `after`: begin behind this value of `order` and this key."""
        query: dict[str, Any] = {"from": [{"collectionId": self._collection}], "limit": limit}
        if filters:
            query["where"] = {
                "compositeFilter": {"op": "AND", "filters": [one.plain for one in filters]}
            }
        if order:
            query["orderBy"] = [
                {"field": {"fieldPath": field}, "direction": "DESCENDING"}
                for field in (*order, "__name__")
            ]
        if after is not None:
            value, key = after
            name = f"{self._name}/{self._collection}/{key}"
            query["startAt"] = {
                "values": [*to_fields({"": value}).values(), {"referenceValue": name}],
                "before": False,
            }
        response = self._session.request(
            "POST",
            f"{self._documents}:runQuery",
            body=json.dumps({"structuredQuery": query}).encode(),
        )
        return [
            from_fields(row["document"]["fields"]) for row in response.json() if "document" in row
        ]

    def delete(self, key: str) -> None:
        self._session.request("DELETE", self._path(key))

    def _path(self, key: str) -> str:
        return f"{self._documents}/{self._collection}/{quote(key, safe='')}"


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
