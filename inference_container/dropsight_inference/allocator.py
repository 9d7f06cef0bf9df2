"""Makes glibc's allocator keep its blocks.

By default glibc maps and unmaps every large block, and gives the top of the heap back to the
kernel: each forward pass on a CPU then faults all of its tensors in again, which makes it three to
four times slower. glibc reads these variables once, when a process starts (mallopt(3)), so a
process that was started without them starts itself again.

What is kept that way is also what loading a model needed for a moment: of an ONNX file of 390 MiB
more than 700 MiB. That is given back once, after loading.
"""

from __future__ import annotations

import ctypes
import os
import sys

SETTINGS = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 26),
}
"""Bytes: no block is mapped by itself, the heap is not given back, and it grows by 64 MiB."""


def restart_with_allocator(module: str) -> None:
    """Replace this process by `python -m module` with SETTINGS, unless each is set already.

    The process keeps its id, so whoever supervises it sees no change. A value that the operator
    has set stays. Linux only: elsewhere nothing reads the variables.
    """
    missing = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    if sys.platform == "linux" and missing:
        command = [sys.executable, "-m", module, *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **missing})  # noqa: S606


def give_back_free_memory() -> None:
    """Return what is free on the heap to the kernel: malloc_trim(3). glibc only."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
