"""Follows the result documents of a root."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from dropsight.adapters.embedded.documents import SqliteResultStore
from dropsight.domain.results import Result

POLL_S = 0.1


def follow(
    results: SqliteResultStore, revision: int, pause: Callable[[float], None] = time.sleep
) -> Iterator[Sequence[Result]]:
    """What has changed since `revision`, again and again. Yields empty lists, too."""
    while True:
        revision, changed = results.changes_since(revision)
        yield changed
        pause(POLL_S)
