"""Feedback in Firestore, below its result: `results/{resultId}/feedback/{feedbackId}`.

Web clients write there, too, under the rules of the database, so a document has the fields of the
record flat: `authorUid` and `authorName` are fields that a rule compares with the token, and
`createdAt` is a timestamp that a rule compares with the time of the request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dropsight.adapters.gcp.collection import MOST_WRITES, Collection
from dropsight.adapters.gcp.session import Session
from dropsight.domain.feedback import Feedback
from dropsight.domain.wire import from_plain, to_plain

CREATED_AT = "createdAt"


class FirestoreFeedbackStore:
    """FeedbackStore in one subcollection for each result."""

    def __init__(self, session: Session, project: str) -> None:
        self._session = session
        self._project = project

    def add(self, feedback: Feedback) -> None:
        self._of(feedback.result_id).write(feedback.feedback_id, _flat(feedback), {"exists": False})

    def list(self, result_id: str, limit: int = 1000) -> Sequence[Feedback]:
        found = self._of(result_id).find((), [CREATED_AT], limit, direction="ASCENDING")
        return [_record(one) for one in found]

    def erase(self, result_id: str) -> int:
        collection, erased = self._of(result_id), 0
        while keys := collection.keys(MOST_WRITES):
            collection.delete(*keys)
            erased += len(keys)
        return erased

    def _of(self, result_id: str) -> Collection:
        return Collection(self._session, self._project, f"results/{result_id}/feedback")


def _flat(feedback: Feedback) -> dict[str, Any]:
    plain = to_plain(feedback)
    author = plain.pop("author")
    return {
        **plain,
        "authorUid": author["uid"],
        "authorName": author["name"],
        CREATED_AT: datetime.fromtimestamp(feedback.created_at, UTC),
    }


def _record(flat: Mapping[str, Any]) -> Feedback:
    author = {"uid": flat.get("authorUid"), "name": flat.get("authorName") or ""}
    created_at = flat[CREATED_AT]  # without it, it would not be in a list that is ordered by it
    if isinstance(created_at, datetime):
        created_at = created_at.timestamp()
    return from_plain({**flat, "author": author, CREATED_AT: created_at}, Feedback)
