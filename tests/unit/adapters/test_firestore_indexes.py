"""Each query that the servers send has its index in `firestore/firestore.indexes.json`: emulators
need none, so nothing else would tell. The page's queries are checked in web/tests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Mapping
from typing import Any, get_args

import pytest

from dropsight.adapters.gcp.documents import FirestoreDeadLetterStore, FirestoreResultStore
from dropsight.adapters.gcp.feedback import FirestoreFeedbackStore
from dropsight.adapters.gcp.session import FIRESTORE, Response, Session
from dropsight.domain.queries import Position, ResultQuery
from dropsight.domain.results import Status
from tests.unit.firestore_indexes import missing_indexes

pytestmark = pytest.mark.unit


class Asked(Session):
    """Keeps what it is asked, and knows no documents."""

    def __init__(self) -> None:
        super().__init__(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"})
        self.queries: list[dict[str, Any]] = []

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        *,
        headers: Mapping[str, str] | None = None,
        allow: Collection[int | str] = (),
        repeatable: bool = True,
    ) -> Response:
        self.queries.append(json.loads(body or b"")["structuredQuery"])
        return Response(200, {}, b"[]")


def test_every_list_of_results_has_its_indexes():
    asked = Asked()
    store = FirestoreResultStore(asked, "p")
    for model, status, label, dates, after, projects in itertools.product(
        (None, "cxr"),
        (None, *get_args(Status)),
        (None, "pneumonia"),
        ((None, None), (1.0, None), (1.0, 2.0)),
        (None, Position(1.0, "r1")),
        (None, ("chest",), ("chest", "steel")),
    ):
        store.list(10, ResultQuery(model, status, label, *dates, projects=projects), after)

    assert len(asked.queries) == 2 * 7 * 2 * 3 * 2 * 3
    assert [one for one in asked.queries if missing_indexes(one)] == []


def test_every_list_of_dead_letters_has_its_indexes():
    asked = Asked()
    store = FirestoreDeadLetterStore(asked, "p")
    store.list()
    store.list(result_id="r1")

    assert [missing_indexes(one) for one in asked.queries] == [[], []]


def test_every_list_of_feedback_has_its_indexes():
    asked = Asked()
    FirestoreFeedbackStore(asked, "p").list("r1")

    assert [missing_indexes(one) for one in asked.queries] == [[]]


def test_a_query_without_its_index_is_noticed():
    query = {
        "from": [{"collectionId": "results"}],
        "where": {"fieldFilter": {"field": {"fieldPath": "width"}, "op": "EQUAL", "value": {}}},
        "orderBy": [{"field": {"fieldPath": "arrivedAt"}, "direction": "DESCENDING"}],
    }
    assert missing_indexes(query) == ["(('width', 'ASCENDING'), ('arrivedAt', 'DESCENDING'))"]
    del query["where"]
    assert missing_indexes(query) == []
    query["orderBy"] = [{"field": {"fieldPath": "findings"}, "direction": "DESCENDING"}]
    assert missing_indexes(query) == ["findings"]
