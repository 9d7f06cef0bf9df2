"""What `DeadLetterStore` promises, by every adapter."""

from __future__ import annotations

import pytest

from dropsight.ports import DeadLetterStore
from tests.contract.records import letter

pytestmark = pytest.mark.contract


def test_a_letter_comes_back_equal(dead_letters: DeadLetterStore) -> None:
    dead_letters.put(letter())

    assert dead_letters.get("m1") == letter()
    assert dead_letters.get("m2") is None


def test_the_first_record_of_a_message_stays(dead_letters: DeadLetterStore) -> None:
    dead_letters.put(letter(reason="first"))
    dead_letters.put(letter(reason="second"))

    assert dead_letters.get("m1") == letter(reason="first")
    assert len(dead_letters.list()) == 1


def test_the_list_has_the_newest_first(dead_letters: DeadLetterStore) -> None:
    for message_id, failed_at in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
        dead_letters.put(letter(message_id, failed_at))

    assert [one.message_id for one in dead_letters.list()] == ["b", "c", "a"]
    assert [one.message_id for one in dead_letters.list(limit=1)] == ["b"]


def test_deleting_is_done_once_or_more(dead_letters: DeadLetterStore) -> None:
    dead_letters.put(letter())
    dead_letters.delete("m1")
    dead_letters.delete("m1")

    assert dead_letters.get("m1") is None
    assert list(dead_letters.list()) == []
