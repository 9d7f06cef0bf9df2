"""What the laptop's documents promise beyond the port: changes, processes, kill -9."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropsight.adapters.embedded.documents import SqliteDeadLetterStore, SqliteResultStore
from dropsight.domain.errors import BackendUnavailable
from dropsight.domain.wire import replace
from tests.contract.killed_child import child, kill_when
from tests.contract.records import letter, queued

pytestmark = pytest.mark.contract


@pytest.fixture
def store(tmp_path: Path) -> SqliteResultStore:
    return SqliteResultStore(tmp_path / "documents.db")


def test_changes_come_in_their_order_and_once_for_each_result(store: SqliteResultStore) -> None:
    assert store.changes_since(0) == (0, [])

    for name in ("a", "b", "c"):
        store.create(queued(name))
    store.update("a", lambda one: replace(one, frames=1))

    revision, changed = store.changes_since(0)
    assert [one.result_id for one in changed] == ["b", "c", "a"]
    assert store.changes_since(revision) == (revision, [])

    store.update("b", lambda one: replace(one, frames=2))
    assert store.changes_since(revision) == (revision + 1, [queued("b", frames=2)])


def test_what_changes_nothing_is_no_change(store: SqliteResultStore) -> None:
    store.create(queued())
    revision, _ = store.changes_since(0)

    store.create(queued(frames=9))
    store.update("r1", lambda _: None)

    assert store.changes_since(revision) == (revision, [])


def test_no_revision_is_used_twice_even_after_deletion(store: SqliteResultStore) -> None:
    store.create(queued("a"))
    revision, _ = store.changes_since(0)
    store.delete("a")
    store.create(queued("b"))

    assert store.changes_since(revision) == (revision + 1, [queued("b")])


def test_a_revision_of_a_deleted_file_starts_anew(store: SqliteResultStore) -> None:
    store.create(queued())

    assert store.changes_since(500) == (1, [queued()])


def test_results_and_dead_letters_may_share_a_file(
    store: SqliteResultStore, tmp_path: Path
) -> None:
    letters = SqliteDeadLetterStore(tmp_path / "documents.db")
    store.create(queued())
    letters.put(letter())

    assert (store.get("r1"), letters.get("m1")) == (queued(), letter())


def test_a_file_that_is_no_database_is_unavailable_and_named(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"not a database" * 100)

    with pytest.raises(BackendUnavailable, match=r"database broken\.db: file is not a database"):
        SqliteResultStore(tmp_path / "broken.db")


def test_a_folder_that_can_not_be_made_is_unavailable_and_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BackendUnavailable, match="give this user the right"):
        SqliteResultStore(tmp_path / "file" / "documents.db")


INCREMENTER = """
import sys
from pathlib import Path
from dropsight.adapters.embedded.documents import SqliteResultStore
from dropsight.domain.wire import replace
store = SqliteResultStore(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    store.update("r1", lambda one: replace(one, frames=one.frames + 1, width=one.width + 1))
"""


def test_updates_of_several_processes_are_all_kept(
    store: SqliteResultStore, tmp_path: Path
) -> None:
    store.create(queued())
    arguments = (INCREMENTER, tmp_path / "documents.db", 100)

    with child(*arguments) as one, child(*arguments) as two, child(*arguments) as three:
        assert [process.wait() for process in (one, two, three)] == [0, 0, 0]

    found = store.get("r1")
    assert found is not None
    assert found.frames == 300


def test_a_killed_writer_leaves_a_whole_document_and_no_lock(
    store: SqliteResultStore, tmp_path: Path
) -> None:
    store.create(queued())

    with child(INCREMENTER, tmp_path / "documents.db", 1_000_000) as process:
        kill_when(process, lambda: store.changes_since(0)[0] > 50)

    found = store.get("r1")
    assert found is not None
    assert found.frames == found.width
    assert store.update("r1", lambda one: replace(one, frames=0)).frames == 0


def test_several_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    code = """
    import sys, time
    from pathlib import Path
    from dropsight.adapters.embedded.documents import SqliteResultStore
    print("ready", flush=True)
    while not Path(sys.argv[2]).exists():
        time.sleep(0.001)
    SqliteResultStore(Path(sys.argv[1]))
    """
    arguments = (code, tmp_path / "new.db", tmp_path / "go")

    with child(*arguments) as one, child(*arguments) as two, child(*arguments) as three:
        for process in (one, two, three):
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        (tmp_path / "go").touch()
        assert [process.wait() for process in (one, two, three)] == [0, 0, 0]
