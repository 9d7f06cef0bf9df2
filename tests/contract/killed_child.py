"""A child process that is killed in the middle of its work."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

DEADLINE_S = 60.0
ROOT = Path(__file__).parents[2]


@contextmanager
def child(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Python running `code` with `arguments` in sys.argv[1:]; killed at the end if still there."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def kill_when(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """kill -9 as soon as `reached`; what the child does at that moment is left to chance."""
    wait_until(lambda: reached() or process.poll() is not None)
    assert process.poll() is None, "the child ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not reached():
        assert time.monotonic() < deadline, f"not reached within {DEADLINE_S} s"
        time.sleep(0.002)
