"""What lists of results promise, by every adapter: filters, order, pages, and what is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from dropsight.domain.progress import mark_deleted, mark_deleting
from dropsight.domain.queries import Position, ResultQuery
from dropsight.domain.results import Finding, ModelReference, Result
from dropsight.ports import DeadLetterStore, ResultStore
from tests.contract.records import letter, queued

pytestmark = pytest.mark.contract


def model(name: str) -> ModelReference:
    return ModelReference(name=name, version="1", digest="d", runtime="onnx", task="classification")


def finding(label: str, positive: bool) -> Finding:
    return Finding(label=label, probability=0.5, positive=positive)


def fill(results: ResultStore) -> None:
    """Six results, one each second; `e` and `d` arrived at the same moment."""
    film = model("film")
    both = [finding("ring", True), finding("ring", True), finding("star", True)]
    for one in (
        queued("a", 1.0),
        queued("b", 2.0, model=model("cells")),
        queued("c", 3.0, model=model("cells"), status="explained", findings=both),
        queued("d", 4.0, model=film, status="predicted", findings=[finding("star", True)]),
        queued("e", 4.0, model=film, status="failed"),
        queued("f", 6.5, model=film, status="explained", findings=[finding("ring", False)]),
    ):
        assert results.create(one)


def ids(found: object) -> str:
    assert isinstance(found, list | tuple)
    return "".join(one.result_id for one in found)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ResultQuery(), "fedcba"),
        (ResultQuery(model="cells"), "cb"),
        (ResultQuery(status="explained"), "fc"),
        (ResultQuery(label="star"), "dc"),
        (ResultQuery(label="ring"), "c"),  # that of `f` is below its operating point
        (ResultQuery(arrived_from=4.0), "fed"),
        (ResultQuery(arrived_before=4.0), "cba"),
        (ResultQuery(arrived_from=2.0, arrived_before=6.5), "edcb"),
        (ResultQuery(model="film", status="explained"), "f"),
        (ResultQuery(model="cells", status="explained", label="star", arrived_from=3.0), "c"),
        (ResultQuery(model="none"), ""),
        (ResultQuery(status="deleted"), ""),
    ],
)
def test_all_conditions_of_a_query_hold_together(
    results: ResultStore, query: ResultQuery, expected: str
) -> None:
    fill(results)

    assert ids(results.list(query=query)) == expected


def test_a_list_of_projects_holds_what_belongs_to_any_of_them_and_nothing_else(
    results: ResultStore,
) -> None:
    for number, project in enumerate(("default", "north", "south", "north")):
        assert results.create(queued("abcd"[number], float(number), project=project))

    def listed(*projects: str, **more: Any) -> str:
        return ids(results.list(query=ResultQuery(projects=projects, **more)))

    assert listed("north") == "db"
    assert listed("north", "default") == "dba"
    assert listed("north", "north") == "db"
    assert listed("west") == ""
    assert listed() == ""
    assert listed("north", "south", arrived_from=2.0, status="queued") == "dc"
    many = [f"p{number}" for number in range(70)]  # more than Firestore compares at once
    assert listed(*many, "south", "north") == "dcb"
    place = Position(3.0, "d")
    query = ResultQuery(projects=(*many, "south", "north"))
    assert ids(results.list(1, query, after=place)) == "c"


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_put_together_are_the_list_once(results: ResultStore, size: int) -> None:
    fill(results)
    seen, after = "", None
    while page := results.list(size, after=after):
        seen += ids(page)
        after = Position.of(page[-1])

    assert seen == "fedcba"


def test_a_page_of_a_query_goes_on_after_its_place_also_where_that_result_has_gone(
    results: ResultStore,
) -> None:
    fill(results)
    query = ResultQuery(arrived_from=2.0)
    first = results.list(2, query)
    results.delete(first[-1].result_id)
    results.create(queued("new", 9.0))

    assert ids(results.list(2, query, Position.of(first[-1]))) == "dc"


def test_a_place_is_exact_to_the_microsecond(results: ResultStore) -> None:
    moments = [1700000000.123456, 1700000000.123457, 1700000000.1234572]
    for name, at in zip("abc", moments, strict=True):
        results.create(queued(name, at))

    assert ids(results.list(after=Position(moments[2], "c"))) == "ba"
    assert ids(results.list(after=Position(moments[1], "b"))) == "a"


def test_a_tombstone_is_in_no_list_but_that_of_its_status(results: ResultStore) -> None:
    fill(results)
    results.update("f", lambda one: mark_deleting(one, 7.0))
    results.update("d", lambda one: mark_deleting(one, 7.0))
    results.update("d", lambda one: mark_deleted(one, 8.0, forget_upload=False))

    assert ids(results.list()) == "ecba"
    assert ids(results.list(query=ResultQuery(model="film"))) == "e"
    assert ids(results.list(query=ResultQuery(arrived_before=99.0))) == "ecba"
    assert ids(results.list(query=ResultQuery(status="deleting"))) == "f"
    assert ids(results.list(query=ResultQuery(status="deleted"))) == "d"


def test_a_tombstone_keeps_its_id_taken_and_nothing_of_the_result(results: ResultStore) -> None:
    fill(results)
    results.update("c", lambda one: mark_deleting(one, 7.0))

    assert results.create(queued("c", 8.0)) is False
    found = results.get("c")
    assert found == Result(
        result_id="c", status="deleting", timestamps={"deleting": 7.0}, source=queued().source
    )


def test_dead_letters_of_one_result_are_found(dead_letters: DeadLetterStore) -> None:
    for name, result_id in (("1", "r1"), ("2", "r2"), ("3", "r1"), ("4", None)):
        dead_letters.put(letter(name, result_id=result_id))

    assert sorted(one.message_id for one in dead_letters.list(result_id="r1")) == ["1", "3"]
    assert list(dead_letters.list(result_id="none")) == []
    assert len(dead_letters.list()) == 4
