"""Makes glibc's allocator keep its blocks.

By default glibc maps and unmaps every large block, and gives the top of the heap back to the
kernel: each forward pass on a CPU then faults all of its tensors in again, which makes it three to
four times slower. glibc reads these variables once, when a process starts (mallopt(3)), so a
process that was started without them starts itself again.

Loading a model is the exception: of an ONNX file of 400 MiB it needs twice as much for a moment,
which would stay with the process. `loading` lets those blocks go.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

MMAP_THRESHOLD = "MALLOC_MMAP_THRESHOLD_"
SETTINGS = {
    MMAP_THRESHOLD: str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 26),
}
"""Bytes: no block is mapped by itself, the heap is not given back, and it grows by 64 MiB."""
M_MMAP_THRESHOLD = -3
DEFAULT_THRESHOLD = 128 * 1024
"""The parameter's number and its default value: malloc.h, mallopt(3)."""


def restart_with_allocator(module: str) -> None:
    """Replace this process by `python -m module` with SETTINGS, unless each is set already.

    The process keeps its id, so whoever supervises it sees no change. A value that the operator
    has set stays. Linux only: elsewhere nothing reads the variables.
    """
    missing = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    if sys.platform == "linux" and missing:
        command = [sys.executable, "-m", module, *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **missing})  # noqa: S606


@contextmanager
def loading() -> Iterator[None]:
    """Within it large blocks are mapped one by one, so that what is freed is given back at once;
    at its end what is free on the heap is given back too. For glibc with SETTINGS, else nothing.
    """
    kept = os.environ.get(MMAP_THRESHOLD, "")
    library = ctypes.CDLL(None)
    if sys.platform != "linux" or not kept.isdigit() or not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(M_MMAP_THRESHOLD, DEFAULT_THRESHOLD)
    try:
        yield
    finally:
        library.mallopt(M_MMAP_THRESHOLD, min(int(kept), 2**31 - 1))
        library.malloc_trim(0)
