"""How the embedded adapters use SQLite: many threads and processes, one file each."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dropsight.adapters.embedded.file_lock import exclusive
from dropsight.domain.errors import BackendUnavailable

BUSY_TIMEOUT_S = 30.0
FORGET_TIMEOUT_MS = 2000


class Database:
    """A SQLite file in write-ahead mode with one connection for each thread.

    `synchronous=NORMAL`: a commit is in the log before the call returns, so a killed process
    (kill -9) loses nothing that was committed. A power cut may lose the last commits, never
    corrupt the file; the queue says what that means for its promises.
    """

    def __init__(self, path: Path, schema: str, *, overwrite_deleted: bool = False) -> None:
        """`schema`: statements that may run again (`CREATE … IF NOT EXISTS`).

        `overwrite_deleted`: what is deleted or replaced leaves no bytes in the file; see `forget`.
        Raises BackendUnavailable if the file can't be made or is not a database.
        """
        self.path = path
        self._overwrite_deleted = overwrite_deleted
        self._local = threading.local()
        # Threads of one process queue here, which is fair; left to SQLite they would poll.
        self._writers = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The switch to write-ahead mode ignores the busy time-out: first openers would clash.
            with exclusive(path.with_name(path.name + ".lock")), self._errors():
                connection = self._connection()
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(schema)
        except OSError as error:
            raise BackendUnavailable(
                f"database {path}: {error.strerror}; give this user the right to write there"
            ) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for single SELECTs; each sees the last commit. Raises BackendUnavailable."""
        with self._errors():
            yield self._connection()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The only writer until the block ends; an exception undoes it and passes through.

        Raises BackendUnavailable if another process keeps the file locked.
        """
        with self._writers, self._errors():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk makes SQLite roll back by itself
                    connection.execute("ROLLBACK")
                raise

    def forget(self) -> None:
        """Empty the write-ahead log, which holds the pages as they were before the last changes.

        Where a reader is in the way just now, it is emptied by a later call, or when the last
        process closes the file.
        """
        with self._errors():
            connection = self._connection()
            connection.execute(f"PRAGMA busy_timeout={FORGET_TIMEOUT_MS}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute(f"PRAGMA busy_timeout={round(BUSY_TIMEOUT_S * 1000)}")

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None or self._local.pid != os.getpid():  # SQLite must not cross a fork
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"PRAGMA secure_delete={'ON' if self._overwrite_deleted else 'OFF'}")
            self._local.connection = connection
            self._local.pid = os.getpid()
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise BackendUnavailable(f"database {self.path.name}: {error}") from error
