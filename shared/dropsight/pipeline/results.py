"""Reading results: page by page, one in full, or one of its files."""

from __future__ import annotations

from dataclasses import dataclass

from dropsight.domain.callers import Caller
from dropsight.domain.errors import ArtifactUnknown, ResultDeleted, ResultUnknown
from dropsight.domain.queries import Position, ResultQuery
from dropsight.domain.results import Artifact, ErrorRecord, Result
from dropsight.domain.wire import Record
from dropsight.pipeline.artifacts import display_name
from dropsight.ports import ObjectStore, ResultStore


class LabelFound(Record, kw_only=True, frozen=True):
    """One label of the positive findings."""

    label: str
    count: int
    """Findings: objects, or frames of a classified file."""
    probability: float
    """Of the strongest of them."""


class ResultSummary(Record, kw_only=True, frozen=True):
    """What a list shows of a result."""

    result_id: str
    status: str
    project: str
    arrived_at: float
    """Seconds since the epoch."""
    object: str
    """Name of the upload in the landing bucket."""
    format: str | None = None
    model: str | None = None
    model_version: str | None = None
    task: str | None = None
    frames: int = 0
    found: list[LabelFound] = []
    """Strongest first. Empty with status `predicted` or `explained`: nothing was found."""
    explanations_done: int = 0
    explanations: int = 0
    """Asked for in all."""
    display: str | None = None
    """Name of the artifact that shows the first frame without an overlay."""
    error: ErrorRecord | None = None


class ResultPage(Record, kw_only=True, frozen=True):
    """Newest first."""

    results: list[ResultSummary]
    cursor: str | None = None
    """Ask for the next page with it; null on the last one."""


@dataclass(frozen=True)
class ReadResults:
    """What the steps need, built once by the entry point."""

    results: ResultStore
    objects: ObjectStore

    def page(self, query: ResultQuery, limit: int, after: Position | None) -> ResultPage:
        """Up to `limit` results that `query` means, and where to go on."""
        found = list(self.results.list(limit + 1, query, after))  # one more tells if there is more
        shown = found[:limit]
        more = len(found) > limit
        return ResultPage(
            results=[summary(one) for one in shown],
            cursor=Position.of(shown[-1]).cursor() if more else None,
        )

    def visible(self, result_id: str, caller: Caller) -> Result:
        """Deleted or not. What `caller` may not see is not there for them. Raises ResultUnknown."""
        result = self.results.get(result_id)
        if result is None or not caller.sees(result.project):
            raise no_such_result(result_id)
        return result

    def one(self, result_id: str, caller: Caller) -> Result:
        """Raises ResultUnknown, ResultDeleted."""
        result = self.visible(result_id, caller)
        if result.is_deleted:
            raise was_deleted(result_id)
        return result

    def artifact(self, result: Result, name: str) -> tuple[Artifact, bytes]:
        """One file of `result` by the name it has there. Raises ArtifactUnknown, ObjectGone."""
        found = result.artifact(name)
        if found is None:
            legal = ", ".join(one.name for one in result.artifacts) or "none yet"
            raise ArtifactUnknown(
                f"artifact {name!r} of result {result.result_id}: there is none; legal are {legal}"
            )
        return found, self.objects.read(found.bucket, found.object)


def no_such_result(result_id: str) -> ResultUnknown:
    return ResultUnknown(
        f"result {result_id}: there is none; legal are the ids that the list of results shows"
    )


def was_deleted(result_id: str) -> ResultDeleted:
    return ResultDeleted(
        f"result {result_id}: was deleted; upload the file again to have it processed anew"
    )


def summary(result: Result) -> ResultSummary:
    """Of a result that is not deleted."""
    display = result.artifact(display_name(0))
    model = result.model
    return ResultSummary(
        result_id=result.result_id,
        status=result.status,
        project=result.project,
        arrived_at=result.arrived_at,
        object=result.source.object,
        format=result.source.format,
        model=model.name if model else None,
        model_version=model.version if model else None,
        task=model.task if model else None,
        frames=result.frames,
        found=_labels_found(result),
        explanations_done=sum(one.status == "done" for one in result.explanations),
        explanations=len(result.explanations),
        display=display.name if display else None,
        error=result.error,
    )


def _labels_found(result: Result) -> list[LabelFound]:
    found = []
    for label in result.found_labels:
        probabilities = [one.probability for one in result.positives if one.label == label]
        found.append(
            LabelFound(label=label, count=len(probabilities), probability=max(probabilities))
        )
    return sorted(found, key=lambda one: (-one.probability, one.label))
