"""What a step tells subscribers once it has committed.

Each step tells of its own, from the document as it stands: also where it is delivered again and
finds its work done. So nothing is lost between a commit and a publish, and what is told twice has
the same `revision` both times: the time at which the status was reached, or what the explanations
say.
"""

from __future__ import annotations

import hashlib
import json
import time

from dropsight.domain.events import Change, ResultChanged
from dropsight.domain.results import Result


def after_ingest(result: Result) -> list[ResultChanged]:
    """`queued` once its frame is stored, or `failed`."""
    if result.status == "failed":
        return [_reached(result, "failed")]
    return [_reached(result, "queued")] if "prepared" in result.timestamps else []


def after_predict(result: Result) -> list[ResultChanged]:
    """`predicted`, and `explained` where nothing was to be explained; or `failed`."""
    if result.status == "failed":
        return [_reached(result, "failed")]
    if "predicted" not in result.timestamps:
        return []
    told = [_reached(result, "predicted")]
    if result.status == "explained" and not result.explanations:
        told.append(_reached(result, "explained"))
    return told


def after_explain(result: Result) -> list[ResultChanged]:
    """`explained`, also once more when one that was asked for later is answered; and before the
    last of those that were planned, `explanation_answered`."""
    answered = [
        [one.method, one.label, one.frame, one.object_index, one.status, one.heatmap, one.overlay]
        for one in result.explanations
        if one.status != "pending"
    ]
    if not answered or result.status not in ("predicted", "explained"):
        return []
    change: Change = "explained" if result.status == "explained" else "explanation_answered"
    text = json.dumps(sorted(answered, key=json.dumps))
    return [_changed(result, change, text, time.time())]


def after_dead_letter(result: Result) -> list[ResultChanged]:
    """A message that was lost for good has failed the result, or explanations of it."""
    return [_reached(result, "failed")] if result.status == "failed" else after_explain(result)


def after_deletion(result: Result) -> list[ResultChanged]:
    """`deleted`, of a tombstone whose files are gone."""
    return [_changed(result, "deleted", "", time.time())] if result.is_deleted else []


def _reached(result: Result, status: Change) -> ResultChanged:
    at = result.timestamps[status]
    return _changed(result, status, repr(at), at)


def _changed(result: Result, change: Change, what: str, at: float) -> ResultChanged:
    return ResultChanged(
        result_id=result.result_id,
        change=change,
        status=result.status,
        revision=hashlib.sha256(what.encode()).hexdigest()[:16],
        changed_at=at,
    )
