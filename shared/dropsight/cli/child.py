"""Runs one module so that it cannot outlive the supervisor: `child.py SUPERVISOR_PID MODULE …`.

A supervisor that is ended by kill -9 can end nobody. On Linux the kernel does it (prctl(2),
PR_SET_PDEATHSIG); elsewhere a thread watches for a change of parent. SIGKILL is right for every
part of the laptop: each one survives it without losing work, which is tested.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
PARENT_POLL_S = 0.5


def die_with(supervisor: int) -> None:
    """End this process when process `supervisor`, its parent, ends."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    else:
        threading.Thread(target=_watch, args=(supervisor,), daemon=True).start()
    if os.getppid() != supervisor:  # it ended before the kernel was told
        sys.exit(1)


def _watch(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(PARENT_POLL_S)
    os._exit(1)


def main() -> None:
    supervisor, module = int(sys.argv[1]), sys.argv[2]
    die_with(supervisor)
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
