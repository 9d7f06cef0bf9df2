"""Starts the parts of the laptop as processes, starts them again when they die, ends them all."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0
STEADY_S = 10.0
"""A part that ran this long starts again at once; one that dies sooner waits twice as long."""
HOPELESS = 4
"""Starts without ever getting ready, after which nobody who waits for the part should go on."""
LOG_LIMIT = 5 * 1024 * 1024
"""Bytes after which a log is moved aside, at the next start of its part."""

PYTHON = {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
"""A part that dies leaves in its log what it said last, and where it crashed."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """One process: what runs, where it answers, and how long it may take to end."""

    name: str
    module: str
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_url: str | None = None
    """Answers below 500 once the part can work. None: ready when started."""
    drain_s: float = 5.0


class Child:
    """The process of one part, over all its lives."""

    def __init__(self, part: Part, logs: Path, say: Say) -> None:
        self.part = part
        self.log = logs / f"{part.name}.log"
        self.ready = False
        self.false_starts = 0
        """How often it has ended by itself, one after the other, before it was ready."""
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._backoff = FIRST_BACKOFF_S
        self._start_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Must be called by the main thread: Linux ends children with the thread that forked."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        command = [sys.executable, "-m", "dropsight.cli.child", str(os.getpid())]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, self.part.module, *self.part.arguments],
                env={**os.environ, **PYTHON, **self.part.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Its own group: Ctrl-C reaches the supervisor alone, which then drains in order,
                # and what a part has forked can be ended together with it.
                start_new_session=True,
            )
        self._started = time.monotonic()
        self.ready = False

    def check(self, http: urllib3.PoolManager) -> None:
        """One turn: notice readiness, notice a death, start again when the backoff is over."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._start_at:
                self.start()
            return
        code = self._process.poll()
        if code is not None:
            self._note_death(code, now)
        elif not self.ready:
            self.ready = self.part.ready_url is None or _answers(http, self.part.ready_url)
            if self.ready:
                self.false_starts = 0

    def _note_death(self, code: int, now: float) -> None:
        assert self._process is not None  # noqa: S101
        _signal_group(self._process.pid, signal.SIGKILL)
        lived = now - self._started
        if self.ready and lived >= STEADY_S:
            self._backoff = FIRST_BACKOFF_S
        wait, self._backoff = self._backoff, min(self._backoff * 2, LONGEST_BACKOFF_S)
        # A part that never got ready says why in its last line; one that was killed says nothing.
        false_start = code >= 0 and not self.ready
        self.false_starts += false_start
        last_words = _last_line(self.log) if false_start else ""
        self._process, self._start_at, self.ready = None, now + wait, False
        self._say(
            f"{self.part.name} ended ({_describe(code)}) and starts again in {wait:.1f} s; "
            f"its log is {self.log}{last_words and f'; it ends with: {last_words}'}"
        )

    def ask_to_end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def ended_by(self, deadline: float) -> bool:
        """Wait until `deadline` (monotonic); then kill. True if it ended by itself."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
            return False
        _signal_group(self._process.pid, signal.SIGKILL)
        return True


class Supervisor:
    """Keeps a list of parts alive. The dispatcher is the last of them."""

    def __init__(self, parts: Sequence[Part], logs: Path, say: Say) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.children = [Child(part, logs, say) for part in parts]
        self._say = say
        self._http = urllib3.PoolManager(num_pools=len(parts), retries=False, timeout=1.0)

    @property
    def ready(self) -> bool:
        return all(child.ready for child in self.children)

    @property
    def broken(self) -> str | None:
        """Name of a part that does not come up, however often it is started."""
        return next((c.part.name for c in self.children if c.false_starts >= HOPELESS), None)

    def start(self) -> None:
        for child in self.children:
            child.start()

    def check(self) -> None:
        """One turn over all children; call it several times a second."""
        for child in self.children:
            child.check(self._http)

    def end(self) -> None:
        """End the part that was started last, then all others together.

        Each may finish what it has in hand. The last one is the dispatcher: once it has drained,
        nobody asks anything of the others. A second interrupt (KeyboardInterrupt) ends all at
        once: nothing is lost by it.
        """
        *others, dispatcher = self.children
        try:
            self._end_together([dispatcher])
            self._end_together(others)
        finally:
            for child in self.children:
                child.ended_by(0.0)

    def _end_together(self, children: Sequence[Child]) -> None:
        for child in children:
            child.ask_to_end()
        now = time.monotonic()
        for child in children:
            if not child.ended_by(now + child.part.drain_s):
                self._say(
                    f"{child.part.name} was still busy after {child.part.drain_s:.0f} s and was "
                    "killed; what it had in hand is taken up at the next start"
                )


def _answers(http: urllib3.PoolManager, url: str) -> bool:
    try:
        return int(http.request("GET", url).status) < 500
    except urllib3.exceptions.HTTPError:
        return False


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode("utf-8", "replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "")


def _describe(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"
