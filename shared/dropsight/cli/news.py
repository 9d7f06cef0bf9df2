"""What `dropsight up` says while it runs: a line for each step, and what the parts complain of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dropsight.adapters.embedded.documents import SqliteResultStore
from dropsight.cli.lines import Storyteller
from dropsight.cli.log_tail import LogTail
from dropsight.domain.errors import BackendUnavailable


class News:
    """Tells what has changed since it was made, or since it last told."""

    def __init__(
        self,
        results: SqliteResultStore,
        logs: Path,
        tell: Callable[[str], None],
        complain: Callable[[str], None],
    ) -> None:
        self._results = results
        self._revision = results.revision()
        self._story = Storyteller()
        self._tail = LogTail(logs)
        self._tell = tell
        self._complain = complain

    def tell(self) -> None:
        try:
            self._revision, changed = self._results.changes_since(self._revision)
        except BackendUnavailable as error:  # the parts go on, so the supervisor does, too
            self._complain(str(error))
            return
        for line in self._story.lines(changed):
            self._tell(line)
        for complaint in self._tail.complaints():
            self._complain(complaint)
