"""What was deleted from the documents of a laptop is not left in the file's free pages either."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropsight.adapters.embedded.documents import SqliteDeadLetterStore, SqliteResultStore
from dropsight.domain.progress import mark_deleted, mark_deleting
from dropsight.domain.results import ProvenanceStep
from dropsight.domain.wire import replace
from tests.contract.records import letter, queued

pytestmark = pytest.mark.contract

SECRET = "pseudonym-4711"


def bytes_of(folder: Path) -> bytes:
    """Of the database, its write-ahead log and everything else there."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_no_byte_of_a_deleted_result_is_left(tmp_path: Path) -> None:
    results = SqliteResultStore(tmp_path / "documents.db")
    letters = SqliteDeadLetterStore(tmp_path / "documents.db")
    neighbours = SqliteResultStore(tmp_path / "documents.db")  # another process, connected
    large = ProvenanceStep(step=SECRET, parameters={"text": "x" * 20_000})
    for number in range(20):
        results.create(queued(f"r{number}", provenance=[large]))
        results.update(f"r{number}", lambda one: replace(one, frames=2))
        letters.put(letter(f"m{number}", reason=SECRET))
    assert len(neighbours.list()) == 20
    assert SECRET.encode() in bytes_of(tmp_path)

    for number in range(20):
        letters.delete(f"m{number}")
        results.update(f"r{number}", lambda one: mark_deleting(one, 1.0))
        results.update(f"r{number}", lambda one: mark_deleted(one, 2.0, forget_upload=True))

    assert SECRET.encode() not in bytes_of(tmp_path)
    assert neighbours.list() == []
