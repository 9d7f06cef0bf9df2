"""Result documents and dead letters as JSON in SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dropsight.adapters.document_limits import check_document
from dropsight.adapters.embedded.database import Database
from dropsight.domain.events import DeadLetter
from dropsight.domain.queries import EVERYTHING, Position, ResultQuery
from dropsight.domain.results import DELETED, Result
from dropsight.domain.wire import Record, decode, to_plain

RESULTS_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, arrived_at REAL NOT NULL, revision INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS results_newest ON results (arrived_at, id);
CREATE INDEX IF NOT EXISTS results_status
    ON results (json_extract(body, '$.status'), arrived_at, id);
CREATE INDEX IF NOT EXISTS results_model
    ON results (json_extract(body, '$.model.name'), arrived_at, id);
CREATE UNIQUE INDEX IF NOT EXISTS results_revision ON results (revision);
CREATE TABLE IF NOT EXISTS counter (revision INTEGER NOT NULL);
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);
"""

LETTERS_SCHEMA = """
CREATE TABLE IF NOT EXISTS dead_letters (
    message_id TEXT PRIMARY KEY, body TEXT NOT NULL, failed_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS dead_letters_result
    ON dead_letters (json_extract(body, '$.resultId'));
"""

CONDITIONS = {
    "model": "json_extract(body, '$.model.name') = ?",
    "status": "json_extract(body, '$.status') = ?",
    "label": "EXISTS (SELECT 1 FROM json_each(body, '$.findings') AS finding WHERE"
    " json_extract(finding.value, '$.label') = ? AND json_extract(finding.value, '$.positive'))",
    "arrived_from": "arrived_at >= ?",
    "arrived_before": "arrived_at < ?",
    # A document that was written before there were projects has none.
    "projects": "coalesce(json_extract(body, '$.project'), 'default')"
    " IN (SELECT value FROM json_each(?))",
}
"""By field of ResultQuery."""
NOT_DELETED = "json_extract(body, '$.status') NOT IN ('deleting', 'deleted')"

NEXT_REVISION = "UPDATE counter SET revision = revision + 1 RETURNING revision"


class SqliteResultStore:
    """ResultStore in one file. Not the queue's: SQLite locks whole files for writing."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, RESULTS_SCHEMA, overwrite_deleted=True)

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
        if changed.status == "deleted":
            self._database.forget()
        return changed

    def list(
        self, limit: int = 100, query: ResultQuery = EVERYTHING, after: Position | None = None
    ) -> Sequence[Result]:
        where, values = _where(query, after)
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT body FROM results WHERE {where}"  # noqa: S608 - made of our own constants
                " ORDER BY arrived_at DESC, id DESC LIMIT ?",
                (*values, limit),
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

        Each result is there once, as it now stands; a deleted one as its tombstone. Start with 0. A
        revision from the future is one of a file that was deleted since: all results are new then.
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
        self._database = Database(path, LETTERS_SCHEMA, overwrite_deleted=True)

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

    def list(self, limit: int = 100, result_id: str | None = None) -> Sequence[DeadLetter]:
        where = "TRUE" if result_id is None else "json_extract(body, '$.resultId') = ?"
        values = () if result_id is None else (result_id,)
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT body FROM dead_letters WHERE {where}"  # noqa: S608 - our own constants
                " ORDER BY failed_at DESC, message_id LIMIT ?",
                (*values, limit),
            ).fetchall()
        return [decode(body, DeadLetter) for (body,) in rows]

    def delete(self, message_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM dead_letters WHERE message_id = ?", (message_id,))


def _where(query: ResultQuery, after: Position | None) -> tuple[str, list[Any]]:
    """The condition of a SELECT, and the values of its question marks."""
    if query.status in DELETED:
        return CONDITIONS["status"], [query.status]
    given = [
        (CONDITIONS[name], json.dumps(value) if name == "projects" else value)
        for name, value in asdict(query).items()
        if value is not None
    ]
    conditions = [NOT_DELETED, *(condition for condition, _ in given)]
    values = [value for _, value in given]
    if after is not None:
        conditions.append("(arrived_at, id) < (?, ?)")
        values += [after.arrived_at, after.result_id]
    return " AND ".join(conditions), values


def _body(record: Record, key: str) -> str:
    plain = to_plain(record)
    check_document(plain, key)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
