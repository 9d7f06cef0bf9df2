"""How many requests are in the container at once. Over it nobody waits, and nobody is dropped:
the sender is told to come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge

from dropsight.domain.errors import Draining, Overloaded


class Admission:
    """Counts requests of one purpose up to `limit`."""

    def __init__(self, limit: int, gauge: Gauge) -> None:
        self._limit = limit
        self._gauge = gauge
        self._inside = 0
        self._closed = False
        self._lock = threading.Lock()

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Raises Overloaded where `limit` requests are inside, Draining after `close`."""
        with self._lock:
            if self._closed:
                raise Draining("this container is shutting down; send the request again")
            if self._inside >= self._limit:
                raise Overloaded(
                    f"{self._inside} requests are being worked on, the limit is {self._limit} "
                    "(DROPSIGHT_MAX_IN_FLIGHT); send the request again later"
                )
            self._inside += 1
            self._gauge.set(self._inside)
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                self._gauge.set(self._inside)

    def close(self) -> None:
        """Admit nobody from now on. Safe in a signal handler of the main thread."""
        self._closed = True
