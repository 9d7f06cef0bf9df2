"""Notices files in the landing folder once they are whole.

A file is whole when its size and modification time have not changed for `quiet_s`. One that
carries an older modification time when it is first seen is whole at once: `mv`, `cp -p` and
`rsync` set it last.

Looking is cheap: a folder's own modification time tells of files that came, went or were renamed,
so a turn reads only folders that changed. What that cannot tell (a file written over in place) is
found by reading all of them now and then, at most a twentieth of the time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dropsight.adapters.embedded.object_names import check_name
from dropsight.domain.errors import MessageInvalid

READ_ALL_S = 1.0
READ_ALL_SHARE = 20
"""Reading all folders may take 1/20 of the time; with many files it is done less often."""
CLOCK_TICK_NS = 20_000_000
"""Two changes of a folder within one tick of the kernel's clock (at most 10 ms) look like one."""


@dataclass(frozen=True)
class Arrival:
    """A whole file. `generation` is its modification time in microseconds, as in the adapter."""

    name: str
    generation: int
    size: int


@dataclass(frozen=True)
class _Seen:
    size: int
    modified_ns: int
    since: float


class LandingFolder:
    """What came into `folder` since the last turn."""

    def __init__(self, folder: Path, announced: Mapping[str, int], quiet_s: float = 0.3) -> None:
        """`announced`: the last generation that an event was queued for, by object name."""
        self._root = str(folder)
        self._announced = dict(announced)
        self._quiet_s = quiet_s
        self._folders: dict[str, int] = {"": 0}  # by relative name ("" or "a/b/"): time in ns
        self._growing: dict[str, _Seen] = {}
        self._read_all_at = 0.0

    def turn(self) -> list[Arrival]:
        """Files that have become whole. Call `done` for each once its event is queued."""
        now = time.monotonic()
        if now >= self._read_all_at:
            self._read_changed(now, read_all=True)
            cost = time.monotonic() - now
            self._read_all_at = now + max(READ_ALL_S, READ_ALL_SHARE * cost)
        else:
            self._read_changed(now, read_all=False)
        return list(self._settled(now))

    def done(self, arrival: Arrival) -> None:
        """Its event is queued for good: do not report it again."""
        self._announced[arrival.name] = arrival.generation
        self._growing.pop(arrival.name, None)

    def _read_changed(self, now: float, read_all: bool) -> None:
        waiting = list(self._folders)
        while waiting:
            folder = waiting.pop()
            try:
                modified = os.stat(os.path.join(self._root, folder)).st_mtime_ns
                if not read_all and modified == self._folders.get(folder):
                    continue
                waiting.extend(self._read_folder(folder, now))
            except (FileNotFoundError, NotADirectoryError):
                self._folders.pop(folder, None)  # removed while we looked
                continue
            fresh = time.time_ns() - modified < CLOCK_TICK_NS
            self._folders[folder] = 0 if fresh else modified

    def _read_folder(self, folder: str, now: float) -> list[str]:
        """Note files that are new or changed; returns sub-folders that were not known."""
        found: list[str] = []
        with os.scandir(os.path.join(self._root, folder)) as entries:
            for entry in entries:
                name = folder + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if f"{name}/" not in self._folders and _is_object(entry.name):
                        found.append(f"{name}/")
                elif entry.is_file() and _is_object(entry.name):
                    self._note(name, entry.stat(), now)
        return found

    def _note(self, name: str, stat: os.stat_result, now: float) -> None:
        if self._announced.get(name) == _generation(stat.st_mtime_ns):
            self._growing.pop(name, None)
            return
        seen = self._growing.get(name)
        if seen is None or (seen.size, seen.modified_ns) != (stat.st_size, stat.st_mtime_ns):
            self._growing[name] = _Seen(stat.st_size, stat.st_mtime_ns, now)

    def _settled(self, now: float) -> Iterator[Arrival]:
        for name in list(self._growing):
            try:
                stat = os.stat(os.path.join(self._root, name))
            except (FileNotFoundError, NotADirectoryError):
                del self._growing[name]
                continue
            self._note(name, stat, now)
            seen = self._growing.get(name)
            if seen is None:
                continue
            age = time.time() - seen.modified_ns / 1e9
            if now - seen.since >= self._quiet_s or age >= self._quiet_s:
                yield Arrival(name, _generation(seen.modified_ns), seen.size)


def _generation(modified_ns: int) -> int:
    return max(modified_ns // 1000, 1)


def _is_object(part: str) -> bool:
    """False for hidden and half-copied files, which the object store does not list either."""
    try:
        check_name("landing", part)
    except MessageInvalid:
        return False
    return True
