"""What a client may send, wherever the steps are called from: names of uploads, comments."""

from __future__ import annotations

import pytest

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.feedback import Author
from dropsight.pipeline.feedback import GiveFeedback
from dropsight.pipeline.uploads import check_name
from tests.contract.records import queued
from tests.fakes import MemoryFeedbackStore, MemoryResultStore

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("length", [0, 513])
def test_a_name_has_1_to_512_characters(length: int) -> None:
    check_name("x")
    check_name("x" * 512)
    with pytest.raises(MessageInvalid, match=f"name: found {length} characters, legal are 1 to"):
        check_name("x" * length)


def test_a_comment_has_2000_characters_at_most() -> None:
    store, results = MemoryFeedbackStore(), MemoryResultStore()
    results.create(queued("r1"))
    give = GiveFeedback(store, results)

    give(queued("r1"), "agree", "x" * 2000, None, Author(uid="u"))
    with pytest.raises(MessageInvalid, match="comment: found 2001 characters, legal are 2000"):
        give(queued("r1"), "agree", "x" * 2001, None, Author(uid="u"))
    assert len(store.list("r1")) == 1
