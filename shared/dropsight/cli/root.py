"""The folder that one laptop installation lives in, and who is running on it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from dropsight.adapters.embedded import places
from dropsight.settings import Settings

GLANCE_S = 0.1
"""Other commands hold the lock for a moment to see whether anybody else does (see `running`)."""


class RootInUse(Exception):
    """Another `dropsight up` serves this folder; `str(error)` says which."""


def landing_folder(settings: Settings) -> Path:
    """The folder that files are dropped into."""
    return places.bucket_folders(settings)[settings.landing_bucket]


def logs_folder(settings: Settings) -> Path:
    return settings.state / "logs"


@dataclass(frozen=True)
class Running:
    """What a `dropsight up` says of itself."""

    pid: int
    url: str
    models: str
    routes: Mapping[str, str]


def running(settings: Settings) -> Running | None:
    """The `dropsight up` that serves this root now, or None."""
    path = _lock_path(settings)
    try:
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _read(path)
    return None


class RootLock:
    """Held by the one `dropsight up` of a root. The kernel drops it however the process ends."""

    def __init__(self, settings: Settings) -> None:
        self._path = _lock_path(settings)
        self._root = settings.root
        self._file: IO[bytes] | None = None

    def __enter__(self) -> RootLock:
        """Raises RootInUse."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+b")
        for last in (False, False, True):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if last:
                    file.close()
                    raise RootInUse(self._who_serves()) from error
                time.sleep(GLANCE_S)
        self._file = file
        return self

    def _who_serves(self) -> str:
        other = _read(self._path)
        who = f"process {other.pid} at {other.url}" if other else "a process that is starting"
        return (
            f"{self._root.resolve()} is served already by {who}; use that one, end it, or choose "
            "another --root"
        )

    def publish(self, settings: Settings, url: str) -> None:
        """Tell other commands where the result page is, and which models and routes are served."""
        assert self._file is not None, "the lock is not held"  # noqa: S101
        about = Running(os.getpid(), url, str(settings.models), dict(settings.routes))
        self._file.truncate(0)
        self._file.write(msgspec.json.encode(about))
        self._file.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()


def _lock_path(settings: Settings) -> Path:
    return settings.state / "up.lock"


def _read(path: Path) -> Running | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None  # its owner is just writing it
