"""People's word on a result: said, and read again. The result itself stays as it is."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.feedback import LONGEST_COMMENT, Author, Feedback, Verdict
from dropsight.domain.results import Result
from dropsight.domain.wire import Record
from dropsight.pipeline.results import was_deleted
from dropsight.ports import FeedbackStore, ResultStore

log = logging.getLogger(__name__)

MOST_LISTED = 1000


class FeedbackList(Record, kw_only=True, frozen=True):
    feedback: list[Feedback]
    """Oldest first."""


@dataclass(frozen=True)
class GiveFeedback:
    """What the steps need, built once by the entry point."""

    feedback: FeedbackStore
    results: ResultStore

    def __call__(
        self, result: Result, verdict: Verdict, comment: str, label: str | None, author: Author
    ) -> Feedback:
        """Keep it beside `result`. Raises MessageInvalid, ResultDeleted, BackendUnavailable."""
        _check(result, comment, label)
        said = Feedback(
            feedback_id=secrets.token_hex(16),
            result_id=result.result_id,
            verdict=verdict,
            comment=comment,
            label=label,
            author=author,
            created_at=round(time.time(), 6),  # as fine as Firestore keeps it
        )
        self.feedback.add(said)
        # A deletion that ran meanwhile may have looked before this was there.
        now = self.results.get(result.result_id)
        if now is None or now.is_deleted:
            self.feedback.erase(result.result_id)
            raise was_deleted(result.result_id)
        log.info("feedback", extra={"result_id": result.result_id})
        return said

    def of(self, result: Result) -> FeedbackList:
        """What has been said of `result`, oldest first."""
        return FeedbackList(feedback=list(self.feedback.list(result.result_id, MOST_LISTED)))


def _check(result: Result, comment: str, label: str | None) -> None:
    if len(comment) > LONGEST_COMMENT:
        raise MessageInvalid(
            f"comment: found {len(comment)} characters, legal are {LONGEST_COMMENT}; shorten it, "
            "or give more than one"
        )
    if label is not None and label not in result.labels:
        legal = ", ".join(result.labels) or "none at all"
        raise MessageInvalid(
            f"label: found {label[:40]!r}, legal are null and ids of the model's labels: {legal}"
        )
