"""Calls of the cloud that one upload makes, counted in `pipeline/`.

`tests/unit/planning/test_operations.py` counts them again in the pipeline as it runs, so a step
that gains a call fails there. Not counted are calls that failed and were made again.
"""

from __future__ import annotations

from dataclasses import dataclass

from dropsight.planning.scenario import StageName


@dataclass(frozen=True)
class Operations:
    """Of one message of a stage. A Firestore update is one read and one write."""

    object_reads: int = 0
    """Class B: content or metadata."""
    object_writes: int = 0
    """Class A."""
    document_reads: int = 0
    document_writes: int = 0
    publishes: int = 0

    @property
    def calls(self) -> int:
        return (
            self.object_reads
            + self.object_writes
            + self.document_reads
            + self.document_writes
            + self.publishes
        )


INGEST = Operations(
    object_reads=2,  # metadata, content
    object_writes=2,  # frame, picture
    document_writes=2,  # created, prepared
    document_reads=1,
    publishes=1,  # PredictionRequested
)
PREDICT = Operations(
    object_reads=1,  # frame
    document_reads=2,  # claimed, predicted
    document_writes=2,
)
"""And one publish for each explanation, counted there."""
EXPLAIN = Operations(
    object_reads=2,  # frame, picture
    document_reads=2,  # claimed, explained
    document_writes=2,
    publishes=1,  # ExplanationRequested, by predict
)
"""And one write for each file of the explanation (`ExplanationTimes.files`)."""

FILES_OF_AN_EXPLANATION = 2
"""Heatmap and overlay of one label."""

CALLS: dict[StageName, int] = {
    "ingest": INGEST.calls,
    "predict": PREDICT.calls,
    "explain": EXPLAIN.calls - EXPLAIN.publishes + FILES_OF_AN_EXPLANATION,
}
"""Calls that a message waits for, by stage, one after the other."""
