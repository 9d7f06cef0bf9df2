"""One worker of a module, seen from the container: a child process and its log."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from dropsight.domain.errors import InferenceFailed, ManifestInvalid

WORKER = Path(__file__).with_name("module_worker.py")
START_TIMEOUT_S = 300.0
"""For `__init__`, which may read large weights."""
LOG_LINES = 30
LOG_BYTES = 4000
"""Of the log's end in an error. Result documents are small."""
CLOSE_TIMEOUT_S = 5.0


class _Child(NamedTuple):
    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    answers: IO[bytes]


class WorkerProcess:
    """Used by one thread at a time. A process that ended is started again by the next call."""

    def __init__(
        self, folder: Path, reference: str, index: int, workers: int, timeout_s: float
    ) -> None:
        self._command = [sys.executable, "-P", str(WORKER), str(folder), reference, str(index)]
        self._name = f"module {reference!r}, worker {index}"
        self._environment = os.environ | {
            "DROPSIGHT_WORKER_INDEX": str(index),
            "DROPSIGHT_WORKERS": str(workers),
            "PYTHONUNBUFFERED": "1",  # the log is whole even where the process is killed
        }
        self._timeout_s = timeout_s
        # The child shares this open file, so what is cut off here is cut off there.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        self._child: _Child | None = None

    def start(self) -> None:
        """Returns once the instance is made. Raises ManifestInvalid with the end of the log."""
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._environment,
        )
        requests, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        self._child = _Child(process, requests, answers)
        with _killed_after(START_TIMEOUT_S, process) as late:
            answer = _read_answer(self._child)
        if answer is None or "error" in answer:
            reason = self._reason(answer, late.is_set(), "START_TIMEOUT_S", START_TIMEOUT_S)
            raise ManifestInvalid(f"{self._name}: cannot be started: {reason}{self._end_of_log()}")

    def ask(self, path: Path) -> list[Any]:
        """What `inference_by_path(path)` returned. Raises InferenceFailed with the end of the log.

        A call that takes too long is ended with its process.
        """
        child = self._running_child()
        self._clear_log()
        with _killed_after(self._timeout_s, child.process) as late:
            # Where it is gone there is no answer either.
            with contextlib.suppress(BrokenPipeError):
                child.requests.write(json.dumps(str(path)).encode() + b"\n")
                child.requests.flush()
            answer = _read_answer(child)
        if answer is None or "error" in answer:
            reason = self._reason(answer, late.is_set(), "artifact.timeoutS", self._timeout_s)
            raise InferenceFailed(f"{self._name}: {reason}{self._end_of_log()}")
        found: list[Any] = answer["found"]
        return found

    def close(self) -> None:
        self._end_child()
        self._log.close()

    def _running_child(self) -> _Child:
        if self._child is None or self._child.process.poll() is not None:
            self._end_child()
            self._clear_log()
            try:
                self.start()
            except ManifestInvalid as error:
                raise InferenceFailed(str(error)) from error
        return cast(_Child, self._child)

    def _end_child(self) -> None:
        """By the end of its stdin, or by a kill where it is in a call."""
        if self._child is None:
            return
        process, requests, answers = self._child
        self._child = None
        with contextlib.suppress(BrokenPipeError):  # a request that nobody read
            requests.close()
        try:
            process.wait(timeout=CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        answers.close()  # last: it would wait for a thread that is still reading

    def _reason(
        self, answer: dict[str, Any] | None, late: bool, setting: str, timeout_s: float
    ) -> str:
        if answer is not None:
            return f"raised {answer['error']}"
        if late:
            return (
                f"gave no answer within {timeout_s:g} s ({setting}) and was ended; "
                "it is started again"
            )
        code = self._child.process.returncode if self._child is not None else None
        ended = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
        return f"ended {ended} before it had answered; it is started again"

    def _clear_log(self) -> None:
        self._log.seek(0)
        self._log.truncate()

    def _end_of_log(self) -> str:
        descriptor = self._log.fileno()
        size = os.fstat(descriptor).st_size
        kept = os.pread(descriptor, LOG_BYTES, max(0, size - LOG_BYTES))
        lines = kept.decode(errors="replace").rstrip().splitlines()[-LOG_LINES:]
        return "\n".join([". The end of its log:", *lines]) if lines else ". Its log is empty"


def _read_answer(child: _Child) -> dict[str, Any] | None:
    """None where the process ended without one."""
    line = child.answers.readline()
    if not line.endswith(b"\n"):
        child.process.wait()
        return None
    answer: dict[str, Any] = json.loads(line)
    return answer


@contextmanager
def _killed_after(seconds: float, process: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
    """Gives an event that says whether it came to that."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
