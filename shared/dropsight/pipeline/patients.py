"""What is stored of one patient."""

from __future__ import annotations

from collections.abc import Iterator

from dropsight.domain.queries import Position
from dropsight.domain.results import Result
from dropsight.ports import ResultStore

PAGE = 500


def results_of_patient(results: ResultStore, pseudonym: str) -> Iterator[Result]:
    """Every result whose study has this `patient_id`, newest first.

    Looks at each result, since no list is kept by patient. A file that was refused before it was
    read has a result without a study, which is not among them. Raises BackendUnavailable.
    """
    after: Position | None = None
    while page := results.list(PAGE, after=after):
        for result in page:
            if result.study is not None and result.study.patient_id == pseudonym:
                yield result
        after = Position(page[-1].arrived_at, page[-1].result_id)
