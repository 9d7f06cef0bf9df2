"""How a result moves: forward only. Pure functions, run inside a transaction of the result store.

Each takes the stored result and returns the changed one, or None where nothing is to change
(a duplicate, or a step that somebody already took).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from dropsight.domain.errors import DropsightError, LeaseHeld
from dropsight.domain.events import ExplanationRequested
from dropsight.domain.results import (
    STATUS_ORDER,
    Artifact,
    CandidateSet,
    ErrorRecord,
    Explanation,
    Finding,
    Lease,
    Result,
    Source,
    Status,
)
from dropsight.domain.wire import replace


def _reach(result: Result, status: Status, now: float, **changes: Any) -> Result | None:
    if STATUS_ORDER[status] <= STATUS_ORDER[result.status]:
        return None
    return replace(result, status=status, timestamps={**result.timestamps, status: now}, **changes)


def claim(result: Result, stage: str, owner: str, now: float, seconds: float) -> Result | None:
    """Take the lease of `stage` for `seconds`. Raises LeaseHeld while another owner has it.

    `owner` names one delivery, not one process: a process may be given the same message twice at
    once.
    """
    held = result.leases.get(stage)
    if held is not None and held.owner != owner and held.expires_at > now:
        wait = held.expires_at - now
        raise LeaseHeld(
            f"result {result.result_id}: {stage} is being worked on by {held.owner} "
            f"for at most {wait:.0f} s more; deliver again later",
            retry_after_s=min(wait, 10.0),
        )
    return replace(
        result, leases={**result.leases, stage: Lease(owner=owner, expires_at=now + seconds)}
    )


def release(result: Result, stage: str, owner: str) -> Result | None:
    """Give the lease of `stage` back, so that a retry need not wait for it to expire."""
    held = result.leases.get(stage)
    if held is None or held.owner != owner:
        return None
    return replace(result, leases=_without(result.leases, stage))


def mark_predicted(
    result: Result,
    findings: Sequence[Finding],
    pending: Sequence[Explanation],
    timeline: dict[str, float],
    now: float,
    candidates: CandidateSet | None = None,
) -> Result | None:
    """Findings are known. With no explanation asked for, the result is `explained` at once."""
    moved = _reach(
        result,
        "predicted",
        now,
        findings=list(findings),
        candidates=candidates,
        explanations=list(pending),
        timeline={**result.timeline, **timeline},
        leases={},
    )
    return moved and _settle(moved, now)


def mark_explained(
    result: Result,
    answers: Sequence[Explanation],
    artifacts: Sequence[Artifact],
    timeline: dict[str, float],
    now: float,
) -> Result | None:
    """Put the answers of one method in the place of its pending entries.

    The result becomes `explained` when no explanation is pending any more. An entry that is done
    already stays as it is: a second delivery changes nothing.
    """
    by_key = {a.identity: a for a in answers}
    explanations = [
        by_key.get(e.identity, e) if e.status == "pending" else e for e in result.explanations
    ]
    if explanations == result.explanations:
        return None
    known = {a.name for a in result.artifacts}
    changed = replace(
        result,
        explanations=explanations,
        artifacts=[*result.artifacts, *(a for a in artifacts if a.name not in known)],
        timeline={**result.timeline, **timeline},
        leases=_without(
            result.leases, *(explain_stage(a.method, a.frame, a.object_index) for a in answers)
        ),
    )
    return _settle(changed, now)


def mark_failed(result: Result, error: ErrorRecord, now: float) -> Result | None:
    """What can't be processed stays visible. Findings that are known already are kept.

    After a prediction only its explanations can fail: those still pending are marked, and the
    result settles as `explained` with the reason in each of them.
    """
    if result.status == "queued":
        return _reach(result, "failed", now, error=error, leases={})
    if result.status == "predicted":
        return _fail_pending(result, result.explanations, error, now)
    return None


def asked_for(result: Result, request: ExplanationRequested) -> list[Explanation]:
    """Those explanations of `result` that `request` is to answer."""
    return [
        e
        for e in result.explanations
        if e.method == request.method
        and e.frame == request.frame_index
        and e.object_index == request.object_index
        and e.label in request.labels
    ]


def add_explanation(result: Result, wanted: Explanation) -> Result | None:
    """One more explanation is pending. None where it is there already, pending or done.

    One that failed is pending again. The status stays as it is: it moves forward only, and the
    entry tells of itself.
    """
    known = next((e for e in result.explanations if e.identity == wanted.identity), None)
    if known is not None and known.status != "failed":
        return None
    others = [e for e in result.explanations if e is not known]
    return replace(result, explanations=[*others, wanted])


def mark_explanations_failed(
    result: Result, request: ExplanationRequested, error: ErrorRecord, now: float
) -> Result | None:
    """The findings stand; what `request` would have been answered stays visibly absent."""
    return _fail_pending(result, asked_for(result, request), error, now)


def _fail_pending(
    result: Result, explanations: Sequence[Explanation], error: ErrorRecord, now: float
) -> Result | None:
    pending = [e for e in explanations if e.status == "pending"]
    answers = [replace(e, status="failed", error=error) for e in pending]
    return mark_explained(result, answers, [], {}, now)


def mark_deleting(result: Result, now: float) -> Result | None:
    """The tombstone: the id stays taken, and says which upload it was and who might see it; all
    else is forgotten."""
    if result.is_deleted:
        return None
    upload = Source(
        bucket=result.source.bucket,
        object=result.source.object,
        generation=result.source.generation,
    )
    return Result(
        result_id=result.result_id,
        status="deleting",
        project=result.project,
        timestamps={"deleting": now},
        source=upload,
    )


def mark_deleted(result: Result, now: float, forget_upload: bool) -> Result | None:
    """Everything derived is gone. `forget_upload`: the upload is, too, so its name goes as well."""
    source = Source(bucket="", object="", generation=0) if forget_upload else result.source
    if result.status == "deleted":
        return replace(result, source=source) if source != result.source else None
    return _reach(result, "deleted", now, source=source)


def reopen(
    result: Result, now: float, request: ExplanationRequested | None = None
) -> Result | None:
    """Undo a failure so that a replayed message can try again; the only step backwards.

    With the `request` that is replayed, only what it asks for is pending again: nobody would
    answer the rest. A deleted result stays deleted.
    """
    if result.is_deleted:
        return None
    concerned = result.explanations if request is None else asked_for(result, request)
    explanations = [
        replace(e, status="pending", error=None) if e in concerned and e.status == "failed" else e
        for e in result.explanations
    ]
    status: Status = "predicted" if explanations else "queued"
    return replace(
        result,
        status=status,
        error=None,
        leases={},
        explanations=explanations,
        timestamps={**result.timestamps, "reopened": now},
    )


def explain_stage(method: str, frame: int, object_index: int | None = None) -> str:
    """Name of the lease and of the timeline entries of one explanation message."""
    stage = f"explain.{method}" if frame == 0 else f"explain.{method}.{frame}"
    return stage if object_index is None else f"{stage}.object-{object_index}"


def delivery_owner(process: str) -> str:
    """A name for the leases of one delivery in `process`."""
    return f"{process}/{secrets.token_hex(4)}"


def error_record(error: DropsightError, stage: str) -> ErrorRecord:
    return ErrorRecord(code=error.code, message=str(error), retryable=error.retryable, stage=stage)


def _settle(result: Result, now: float) -> Result:
    if any(e.status == "pending" for e in result.explanations):
        return result
    return _reach(result, "explained", now) or result


def _without(leases: dict[str, Lease], *stages: str) -> dict[str, Lease]:
    return {stage: lease for stage, lease in leases.items() if stage not in stages}
