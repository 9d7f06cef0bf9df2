"""One writer at a time, across threads and processes, freed by the kernel when a process dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of `path` (made when missing, never removed). Waits for its turn.

    flock belongs to the open file, not to the process: every entry opens its own, so that two
    threads of one process exclude each other too. Linux and macOS; not Windows.
    """
    with path.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
