"""A result goes, with everything that was derived from it.

The document becomes a tombstone before anything is removed, and stays one: a message that is
delivered late finds the id taken and removes what it may have written (`ingest`, `explain`), so
nothing comes back half-way. See docs/decisions/0011-deleted-results-leave-a-tombstone.md.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from dropsight.domain.progress import mark_deleted, mark_deleting
from dropsight.domain.queries import ResultQuery
from dropsight.domain.results import Result
from dropsight.domain.wire import Record
from dropsight.pipeline.artifacts import erase_artifacts, erase_frame
from dropsight.pipeline.results import no_such_result
from dropsight.ports import DeadLetterStore, FeedbackStore, ObjectStore, ResultStore

log = logging.getLogger(__name__)

AT_ONCE = 1000
"""Dead letters and unfinished deletions that one request asks for."""


class Deletion(Record, kw_only=True, frozen=True):
    """What was removed. All zero where the result had been deleted before."""

    result_id: str
    objects: int
    """Files of the work and results buckets: the frame, pictures, heatmaps, overlays."""
    dead_letters: int
    """Messages of this result that had failed for good and were kept."""
    feedback: int
    """What people had said of it."""
    source: bool
    """Whether the upload itself was asked to be removed from the landing bucket as well."""


@dataclass(frozen=True)
class Delete:
    """What the step needs, built once by the entry point."""

    objects: ObjectStore
    results: ResultStore
    dead_letters: DeadLetterStore
    feedback: FeedbackStore
    work_bucket: str
    results_bucket: str

    def __call__(self, result_id: str, *, source: bool = False) -> Deletion:
        """Delete the result; with `source` also the version of the upload that it was made of.

        May be repeated, and finishes what a killed one has begun. In this order a kill leaves
        either the whole result or a tombstone that says `deleting`. Raises ResultUnknown,
        BackendUnavailable.
        """
        result = self.results.get(result_id)
        if result is None:
            raise no_such_result(result_id)
        upload = result.source
        if source and upload.object:
            # First, while its name is still known. A newer file of this name is another upload.
            self.objects.delete(upload.bucket, upload.object, upload.generation)
        self.results.update(result_id, lambda r: mark_deleting(r, time.time()))
        return self._erase(result_id, source)

    def finish(self) -> int:
        """Finish the deletions that a killed process has begun; how many. For the start of one."""
        begun = self.results.list(AT_ONCE, ResultQuery(status="deleting"))
        for one in begun:
            self._erase(one.result_id, source=False)
        return len(begun)

    def _erase(self, result_id: str, source: bool) -> Deletion:
        removed = erase_frame(self.objects, self.work_bucket, result_id)
        removed += erase_artifacts(self.objects, self.results_bucket, result_id)
        letters = self._erase_letters(result_id)
        said = self.feedback.erase(result_id)
        self.results.update(result_id, lambda r: _marked(r, source))
        log.info("deleted", extra={"result_id": result_id})
        return Deletion(
            result_id=result_id,
            objects=removed,
            dead_letters=letters,
            feedback=said,
            source=source,
        )

    def _erase_letters(self, result_id: str) -> int:
        """They hold the messages of the result, and with them the name of its upload."""
        removed = 0
        while letters := self.dead_letters.list(AT_ONCE, result_id):
            for one in letters:
                self.dead_letters.delete(one.message_id)
            removed += len(letters)
        return removed


def _marked(result: Result, source: bool) -> Result | None:
    return mark_deleted(result, time.time(), forget_upload=source)
