"""Result documents and dead letters as JSON in SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from dropsight.adapters.document_limits import check_document
from dropsight.adapters.embedded.database import Database
from dropsight.domain.events import DeadLetter
from dropsight.domain.results import Result
from dropsight.domain.wire import Record, decode, to_plain

RESULTS_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, arrived_at REAL NOT NULL, revision INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS results_arrived ON results (arrived_at);
CREATE UNIQUE INDEX IF NOT EXISTS results_revision ON results (revision);
CREATE TABLE IF NOT EXISTS counter (revision INTEGER NOT NULL);
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);
"""

LETTERS_SCHEMA = """
CREATE TABLE IF NOT EXISTS dead_letters (
    message_id TEXT PRIMARY KEY, body TEXT NOT NULL, failed_at REAL NOT NULL
);
"""

NEXT_REVISION = "UPDATE counter SET revision = revision + 1 RETURNING revision"


class SqliteResultStore:
    """ResultStore in one file. Not the queue's: SQLite locks whole files for writing."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, RESULTS_SCHEMA)

    def create(self, result: Result) -> bool:
        """Raises MessageInvalid for what Firestore would refuse, too (see `document_limits`)."""
        body = _body(result, result.result_id)
        with self._database.transaction() as connection:
            if connection.execute(
                "SELECT 1 FROM results WHERE id = ?", (result.result_id,)
            ).fetchone():
                return False
            (revision,) = connection.execute(NEXT_REVISION).fetchone()
            connection.execute(
                "INSERT INTO results VALUES (?, ?, ?, ?)",
                (result.result_id, body, result.arrived_at, revision),
            )
            return True

    def get(self, result_id: str) -> Result | None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT body FROM results WHERE id = ?", (result_id,)
            ).fetchone()
        return decode(row[0], Result) if row else None

    def update(self, result_id: str, change: Callable[[Result], Result | None]) -> Result:
        """As the port says; `change` runs once, while nobody else writes. Raises MessageInvalid
        for what Firestore would refuse, too."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT body FROM results WHERE id = ?", (result_id,)
            ).fetchone()
            if row is None:
                raise KeyError(f"result {result_id} does not exist")
            stored = decode(row[0], Result)
            changed = change(stored)
            if changed is None:
                return stored
            (revision,) = connection.execute(NEXT_REVISION).fetchone()
            connection.execute(
                "UPDATE results SET body = ?, arrived_at = ?, revision = ? WHERE id = ?",
                (_body(changed, result_id), changed.arrived_at, revision, result_id),
            )
            return changed

    def list(self, limit: int = 100) -> Sequence[Result]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT body FROM results ORDER BY arrived_at DESC, id LIMIT ?", (limit,)
            ).fetchall()
        return [decode(body, Result) for (body,) in rows]

    def delete(self, result_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM results WHERE id = ?", (result_id,))

    def revision(self) -> int:
        """Of the last change: where to follow `changes_since` from to see only what is to come."""
        with self._database.read() as connection:
            (newest,) = connection.execute("SELECT revision FROM counter").fetchone()
        return int(newest)

    def changes_since(self, revision: int) -> tuple[int, Sequence[Result]]:
        """The revision to ask from next, and what was written after `revision`, oldest first.

        Each result is there once, as it now stands; deletions don't show. Start with 0. A revision
        from the future is one of a file that was deleted since: all results are new then.
        """
        with self._database.read() as connection:
            (newest,) = connection.execute("SELECT revision FROM counter").fetchone()
            after = revision if revision <= newest else 0
            rows = connection.execute(
                "SELECT body FROM results WHERE revision > ? AND revision <= ? ORDER BY revision",
                (after, newest),
            ).fetchall()
        return newest, [decode(body, Result) for (body,) in rows]


class SqliteDeadLetterStore:
    """DeadLetterStore in one file; it may be that of the results."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, LETTERS_SCHEMA)

    def put(self, letter: DeadLetter) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO dead_letters VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (letter.message_id, _body(letter, letter.message_id), letter.failed_at),
            )

    def get(self, message_id: str) -> DeadLetter | None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT body FROM dead_letters WHERE message_id = ?", (message_id,)
            ).fetchone()
        return decode(row[0], DeadLetter) if row else None

    def list(self, limit: int = 100) -> Sequence[DeadLetter]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT body FROM dead_letters ORDER BY failed_at DESC, message_id LIMIT ?",
                (limit,),
            ).fetchall()
        return [decode(body, DeadLetter) for (body,) in rows]

    def delete(self, message_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM dead_letters WHERE message_id = ?", (message_id,))


def _body(record: Record, key: str) -> str:
    plain = to_plain(record)
    check_document(plain, key)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
