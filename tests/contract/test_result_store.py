"""What `ResultStore` promises, by every adapter."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from dropsight.domain.errors import LeaseHeld, MessageInvalid
from dropsight.domain.progress import claim
from dropsight.domain.results import ErrorRecord, ProvenanceStep, Result
from dropsight.domain.wire import replace, to_plain
from dropsight.ports import ResultStore
from tests.contract.at_once import at_once
from tests.contract.records import full, queued

pytestmark = pytest.mark.contract


def one_frame_more(result: Result) -> Result:
    return replace(result, frames=result.frames + 1)


def test_a_document_comes_back_equal_in_every_field_and_type(results: ResultStore) -> None:
    results.create(full())

    found = results.get("full")

    assert found == full()
    assert found is not None
    assert as_json(found) == as_json(full())  # 1 and 1.0 are equal, but not the same JSON


def test_what_is_not_there_is_none(results: ResultStore) -> None:
    assert results.get("nothing") is None


def test_the_second_creation_writes_nothing(results: ResultStore) -> None:
    assert results.create(queued(frames=1)) is True
    assert results.create(queued(frames=2)) is False

    found = results.get("r1")
    assert found is not None
    assert found.frames == 1


def test_of_twenty_creations_one_wins(results: ResultStore) -> None:
    won = at_once(20, lambda number: results.create(queued(frames=number)))

    assert won.count(True) == 1
    found = results.get("r1")
    assert found is not None
    assert found.frames == won.index(True)


def test_an_update_returns_and_stores_the_changed_document(results: ResultStore) -> None:
    results.create(queued())

    assert results.update("r1", one_frame_more).frames == 1
    assert results.get("r1") == queued(frames=1)


def test_no_change_leaves_the_document_and_returns_it(results: ResultStore) -> None:
    results.create(queued())

    assert results.update("r1", lambda _: None) == queued()
    assert results.get("r1") == queued()


def test_there_is_no_update_of_nothing(results: ResultStore) -> None:
    with pytest.raises(KeyError):
        results.update("nothing", one_frame_more)
    assert results.get("nothing") is None


def test_of_twenty_updates_at_once_none_is_lost(results: ResultStore) -> None:
    results.create(queued())

    at_once(20, lambda _: [results.update("r1", one_frame_more) for _ in range(3)])

    found = results.get("r1")
    assert found is not None
    assert found.frames == 60


def test_of_twenty_claims_at_once_one_gets_the_lease(results: ResultStore) -> None:
    results.create(queued())

    def try_to_claim(number: int) -> bool:
        try:
            results.update("r1", lambda one: claim(one, "predict", f"w{number}", 100.0, 60.0))
        except LeaseHeld:
            return False
        return True

    won = at_once(20, try_to_claim)

    assert won.count(True) == 1
    found = results.get("r1")
    assert found is not None
    assert found.leases["predict"].owner == f"w{won.index(True)}"


def test_what_a_change_raises_passes_through_and_locks_nothing(results: ResultStore) -> None:
    results.create(queued())
    results.update("r1", lambda one: claim(one, "predict", "first", 100.0, 60.0))

    with pytest.raises(LeaseHeld, match="first"):
        results.update("r1", lambda one: claim(one, "predict", "second", 100.0, 60.0))

    assert at_once(2, lambda _: results.update("r1", one_frame_more).frames) in ([1, 2], [2, 1])


def test_the_list_has_the_newest_first(results: ResultStore) -> None:
    refused = queued("never-queued", status="failed", timestamps={"failed": 25.0})
    for one in (queued("old", 10.0), queued("new", 30.0), refused, queued("mid", 20.0)):
        results.create(one)
    # A later step does not move a result to the front.
    error = ErrorRecord(code="x", message="y", retryable=False, stage="predict")
    results.update(
        "old",
        lambda one: replace(
            one, status="failed", timestamps={**one.timestamps, "failed": 99.0}, error=error
        ),
    )

    assert [one.result_id for one in results.list()] == ["new", "never-queued", "mid", "old"]
    assert [one.result_id for one in results.list(limit=2)] == ["new", "never-queued"]


def test_an_empty_store_lists_nothing(results: ResultStore) -> None:
    assert list(results.list()) == []


def test_deleting_is_done_once_or_more(results: ResultStore) -> None:
    results.create(queued())
    results.delete("r1")
    results.delete("r1")

    assert results.get("r1") is None
    assert results.create(queued()) is True


def test_a_document_just_under_one_mebibyte_is_stored(results: ResultStore) -> None:
    large = queued(provenance=[text_of(1_000_000), text_of(40_000)])
    results.create(large)

    assert results.update("r1", one_frame_more) == replace(large, frames=1)
    assert results.get("r1") == replace(large, frames=1)


def test_a_document_over_one_mebibyte_is_refused(results: ResultStore) -> None:
    with pytest.raises(MessageInvalid, match="legal are 1048576"):
        results.create(queued(provenance=[text_of(1_000_000), text_of(48_576)]))
    assert results.get("r1") is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (math.nan, "found nan, legal are finite"),
        (math.inf, "found inf, legal are finite"),
        (2**63, "legal are 64-bit"),
        ("\ud800", "not Unicode"),
        ([[1]], "a list directly inside a list"),
    ],
)
def test_values_that_one_backend_can_not_keep_are_refused_by_all(
    results: ResultStore, value: Any, said: str
) -> None:
    step = ProvenanceStep(step="x", parameters={"value": value})
    results.create(queued())

    with pytest.raises(MessageInvalid, match=said):
        results.create(queued("other", provenance=[step]))
    with pytest.raises(MessageInvalid, match=said):
        results.update("r1", lambda one: replace(one, provenance=[step]))
    assert results.get("r1") == queued()


def text_of(size: int) -> ProvenanceStep:
    return ProvenanceStep(step="note", parameters={"text": "x" * size})


def as_json(result: Result) -> str:
    return json.dumps(to_plain(result), sort_keys=True)
