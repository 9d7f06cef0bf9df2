"""Feedback as JSON in SQLite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from dropsight.adapters.document_limits import check_document
from dropsight.adapters.embedded.database import Database
from dropsight.domain.feedback import Feedback
from dropsight.domain.wire import decode, to_plain

SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY, result_id TEXT NOT NULL, created_at REAL NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_result ON feedback (result_id, created_at, id);
"""


class SqliteFeedbackStore:
    """FeedbackStore in one file. It is that of the results: a deletion that ends there empties the
    log that holds what was erased here, too."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA, overwrite_deleted=True)

    def add(self, feedback: Feedback) -> None:
        plain = to_plain(feedback)
        check_document(plain, feedback.feedback_id)
        body = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO feedback VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (feedback.feedback_id, feedback.result_id, feedback.created_at, body),
            )

    def list(self, result_id: str, limit: int = 1000) -> Sequence[Feedback]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT body FROM feedback WHERE result_id = ? ORDER BY created_at, id LIMIT ?",
                (result_id, limit),
            ).fetchall()
        return [decode(body, Feedback) for (body,) in rows]

    def erase(self, result_id: str) -> int:
        with self._database.transaction() as connection:
            gone = connection.execute("DELETE FROM feedback WHERE result_id = ?", (result_id,))
            return gone.rowcount
