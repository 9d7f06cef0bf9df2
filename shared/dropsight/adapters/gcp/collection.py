"""One collection of Firestore, over its REST API.

https://firebase.google.com/docs/firestore/reference/rest/v1/projects.databases.documents
"""

from __future__ import annotations

import json
from collections import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dropsight.adapters.document_limits import check_document
from dropsight.adapters.gcp.session import Response, Session
from dropsight.adapters.gcp.values import from_fields, to_fields

NOT_FOUND = 404
UNMET = ("ALREADY_EXISTS", "FAILED_PRECONDITION", "NOT_FOUND")
"""Firestore's reasons for a condition that does not hold."""
MOST_WRITES = 500
"""Of one commit."""


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


class Collection:
    """The documents directly in one collection."""

    def __init__(self, session: Session, project: str, path: str) -> None:
        """`path`: such as `results`, or `results/abc/feedback` for one below a document."""
        self._session = session
        self._root = f"projects/{project}/databases/(default)/documents"
        self._path = path
        parent, _, self._id = path.rpartition("/")
        self._parent = f"{self._root}/{parent}" if parent else self._root

    def get(self, key: str) -> Any:
        """The document as Firestore has it, with `fields` and `updateTime`, or None."""
        response = self._session.request("GET", _address(self._name(key)), allow=(NOT_FOUND,))
        return None if response.status == NOT_FOUND else response.json()

    def write(
        self, key: str, plain: dict[str, Any], condition: Mapping[str, Any] | None = None
    ) -> bool:
        """Write the whole document; False if `condition` does not hold.

        By `commit`: for PATCH the emulator takes every `updateTime` for zero.
        """
        check_document(plain, key)
        write: dict[str, Any] = {"update": {"name": self._name(key), "fields": to_fields(plain)}}
        if condition is not None:
            write["currentDocument"] = condition
        response = self._commit([write], allow=UNMET, repeatable=condition is None)
        return response.status < 300

    def find(
        self,
        filters: Sequence[Filter] = (),
        order: Sequence[str] = (),
        limit: int = 100,
        after: tuple[Any, str] | None = None,
        direction: str = "DESCENDING",
    ) -> list[dict[str, Any]]:
        """The fields of documents in `direction` of `order`, then of their keys; in the order of
        keys where `order` is empty. `after`: begin behind this value of `order` and this key."""
        query: dict[str, Any] = {"limit": limit}
        if filters:
            query["where"] = {
                "compositeFilter": {"op": "AND", "filters": [one.plain for one in filters]}
            }
        if order:
            query["orderBy"] = [
                {"field": {"fieldPath": field}, "direction": direction}
                for field in (*order, "__name__")
            ]
        if after is not None:
            value, key = after
            query["startAt"] = {
                "values": [
                    *to_fields({"": value}).values(),
                    {"referenceValue": self._name(key)},
                ],
                "before": False,
            }
        return [from_fields(one["fields"]) for one in self._query(query)]

    def keys(self, limit: int) -> list[str]:
        """Of the first documents, whatever is in them."""
        names = {"fields": [{"fieldPath": "__name__"}]}
        found = self._query({"select": names, "limit": limit})
        return [one["name"].rpartition("/")[2] for one in found]

    def delete(self, *keys: str) -> None:
        """Together, or none of them; at most MOST_WRITES. What is not there is no error."""
        self._commit([{"delete": self._name(key)} for key in keys])

    def _query(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        response = self._session.request(
            "POST",
            f"{_address(self._parent)}:runQuery",
            body=json.dumps(
                {"structuredQuery": {"from": [{"collectionId": self._id}], **query}}
            ).encode(),
        )
        return [row["document"] for row in response.json() if "document" in row]

    def _commit(
        self,
        writes: Sequence[Mapping[str, Any]],
        allow: abc.Collection[int | str] = (),
        repeatable: bool = True,
    ) -> Response:
        return self._session.request(
            "POST",
            f"{_address(self._root)}:commit",
            body=json.dumps({"writes": writes}).encode(),
            allow=allow,
            repeatable=repeatable,
        )

    def _name(self, key: str) -> str:
        return f"{self._root}/{self._path}/{key}"


def _address(name: str) -> str:
    return f"/v1/{quote(name, safe='/()')}"
