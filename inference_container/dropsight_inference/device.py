"""One thread owns the device. What it does next is decided here, and nowhere else."""

from __future__ import annotations

import enum
import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from dropsight.domain.errors import Draining

T = TypeVar("T")


class Priority(enum.IntEnum):
    """Lower runs first. Equal ones run in the order in which they came."""

    PREDICTION = 0
    EXPLANATION = 1


class Device:
    """Runs jobs one after the other on a thread of its own, the most urgent first.

    A job is never interrupted: long work comes as many short jobs (an explanation as chunks), so
    that a prediction waits for the job that runs, and for no other explanation.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Priority, int, Future[Any], Callable[[], Any]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="device", daemon=True)
        self._thread.start()

    def submit(self, priority: Priority, job: Callable[[], T]) -> Future[T]:
        """Queue `job`; the future has what it returns or raises.

        Raises Draining once `close` was called, but for jobs that a running job queues.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._closing and threading.current_thread() is not self._thread:
                raise Draining("this container is shutting down; send the request again")
            heapq.heappush(self._waiting, (priority, next(self._order), future, job))
            self._changed.notify()
        return future

    def close(self) -> None:
        """Finish what was submitted, then end the thread. Returns once it has ended."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if not self._waiting:
                    return
                _, _, future, job = heapq.heappop(self._waiting)
            try:
                future.set_result(job())
            except BaseException as error:  # noqa: BLE001 (raised again by whoever waits)
                future.set_exception(error)
            # The next wait may be long: hold on to no batch until then.
            del future, job
