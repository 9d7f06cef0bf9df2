"""What people say of a result: kept beside it for audit, never changed, gone only with it."""

from __future__ import annotations

from typing import Literal

from dropsight.domain.wire import Record

Verdict = Literal["agree", "disagree"]
LONGEST_COMMENT = 2000
"""Characters."""


class Author(Record, kw_only=True, frozen=True):
    """Who said it, as the token that came with it says."""

    uid: str
    name: str = ""


class Feedback(Record, kw_only=True, frozen=True):
    """One person's word on one result."""

    schema_version: int = 1
    feedback_id: str
    result_id: str
    verdict: Verdict
    comment: str = ""
    label: str | None = None
    """Id of the label that it is about; none where it is about the whole result."""
    author: Author
    created_at: float
    """Seconds since the epoch."""
