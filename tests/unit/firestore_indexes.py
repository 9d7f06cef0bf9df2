"""`firestore/firestore.indexes.json` as Firestore applies it to a query.

https://firebase.google.com/docs/firestore/query-data/index-overview
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "firestore" / "firestore.indexes.json"


def missing_indexes(query: dict[str, Any]) -> list[str]:
    """What a `structuredQuery` needs and the file has not; empty where it can be answered.

    With an order, each equality takes a composite index of its field and the field of the order:
    several of them are merged. Without one, and for an order alone, the automatic index of each
    field does, unless it is switched off.
    """
    ((collection,),) = (source.values() for source in query["from"])
    equalities, ranges = _conditions(query.get("where"))
    order = [
        (one["field"]["fieldPath"], one["direction"])
        for one in query.get("orderBy", ())
        if one["field"]["fieldPath"] != "__name__"
    ]
    assert len(order) <= 1
    assert ranges <= {field for field, _ in order}, "a range needs its field in the order"
    if order and equalities:
        needed = [((field, kind), order[0]) for field, kind in equalities]
        return [str(one) for one in needed if one not in _composites(collection)]
    fields = [field for field, _ in (*order, *equalities)]
    return [field for field in fields if field in _switched_off(collection)]


def _conditions(where: dict[str, Any] | None) -> tuple[list[tuple[str, str]], set[str]]:
    """Fields that are compared for equality, with how an index holds them; fields of ranges."""
    if where is None:
        return [], set()
    filters = where.get("compositeFilter", {"filters": [where]})["filters"]
    equalities, ranges = [], set()
    for one in (each["fieldFilter"] for each in filters):
        field = one["field"]["fieldPath"]
        match one["op"]:
            case "EQUAL" | "IN":
                equalities.append((field, "ASCENDING"))
            case "ARRAY_CONTAINS":
                equalities.append((field, "CONTAINS"))
            case _:
                ranges.add(field)
    return equalities, ranges


def _composites(collection: str) -> list[tuple[tuple[str, str], ...]]:
    return [
        tuple((one["fieldPath"], one.get("order") or one["arrayConfig"]) for one in index["fields"])
        for index in json.loads(FILE.read_text())["indexes"]
        if index["collectionGroup"] == collection and index["queryScope"] == "COLLECTION"
    ]


def _switched_off(collection: str) -> set[str]:
    return {
        one["fieldPath"]
        for one in json.loads(FILE.read_text())["fieldOverrides"]
        if one["collectionGroup"] == collection and not one["indexes"]
    }
