"""What a list of results is asked for, and where its next page begins."""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.results import Result, Status


@dataclass(frozen=True)
class ResultQuery:
    """Which results are meant; what is None does not matter. All conditions hold together.

    Deleted results are listed only where `status` names `deleting` or `deleted`; the other
    conditions don't apply to them, for nothing is left of them to compare.
    """

    model: str | None = None
    """Name of the model."""
    status: Status | None = None
    label: str | None = None
    """Id of a label that was found: positive at its operating point."""
    arrived_from: float | None = None
    """Seconds since the epoch: `Result.arrived_at` is this or later."""
    arrived_before: float | None = None
    """Seconds since the epoch: `Result.arrived_at` is earlier than this."""
    projects: tuple[str, ...] | None = None
    """Those of any of these; of none at all where it is empty."""

    def matches(self, result: Result) -> bool:
        """The definition, for stores that cannot do better than to look at each result."""
        if result.is_deleted:
            return self.status == result.status
        return (
            (self.model is None or (result.model is not None and result.model.name == self.model))
            and (self.status is None or result.status == self.status)
            and (self.label is None or self.label in result.found_labels)
            and (self.arrived_from is None or result.arrived_at >= self.arrived_from)
            and (self.arrived_before is None or result.arrived_at < self.arrived_before)
            and (self.projects is None or result.project in self.projects)
        )


EVERYTHING = ResultQuery()


@dataclass(frozen=True)
class Position:
    """A place in the list, which is in falling order of (arrived_at, result_id).

    The next page begins after it, also where results came or went meanwhile.
    """

    arrived_at: float
    """Seconds since the epoch."""
    result_id: str

    @classmethod
    def of(cls, result: Result) -> Position:
        return cls(result.arrived_at, result.result_id)

    @classmethod
    def from_cursor(cls, cursor: str) -> Position:
        """Inverse of `cursor`. Raises MessageInvalid."""
        try:
            arrived_at, result_id = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
            position = cls(float(arrived_at), str(result_id))
        except (ValueError, TypeError, binascii.Error, UnicodeError, RecursionError) as error:
            raise _no_cursor(cursor) from error
        if not math.isfinite(position.arrived_at):
            raise _no_cursor(cursor)
        return position

    def cursor(self) -> str:
        """As clients are given it: letters, digits, `-`, `_` and `=`; without a meaning to them."""
        plain = json.dumps([self.arrived_at, self.result_id], separators=(",", ":"))
        return base64.urlsafe_b64encode(plain.encode()).decode("ascii")


def _no_cursor(found: str) -> MessageInvalid:
    return MessageInvalid(
        f"cursor: found {found[:40]!r}, legal is the `cursor` of the page before, unchanged; "
        "leave it out to begin with the newest"
    )
