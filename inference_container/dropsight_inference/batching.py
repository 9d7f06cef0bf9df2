"""Here a batch is formed: frames of requests that are in flight together share a forward pass."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from dropsight.domain.errors import DropsightError
from dropsight.domain.frames import Pixels
from dropsight_inference.device import Device, Priority
from dropsight_inference.runtimes import Outputs, Row

Forward = Callable[[Sequence[Pixels]], Outputs]


@dataclass(frozen=True)
class Answer:
    """One frame's share of a batch."""

    row: Row
    waited_ms: float
    """From submission to the start of the forward pass."""
    forward_ms: float
    """Of the whole batch."""
    batch: int
    """Frames in the batch."""


@dataclass
class _Row:
    pixels: Pixels
    future: Future[Answer] = field(default_factory=Future)
    since: float = field(default_factory=time.perf_counter)


class Expected:
    """A request that is in flight but whose frames have not been submitted yet."""

    def __init__(self, batcher: Batcher) -> None:
        self._batcher = batcher
        self._settled = False

    def settle(self) -> None:
        """It has submitted, or never will. Only the first call counts."""
        with self._batcher.changed:
            if not self._settled:
                self._settled = True
                self._batcher.expected -= 1
                self._batcher.changed.notify_all()


class Batcher:
    """Gathers the frames for one model.

    A batch starts when it is full, when no request that is in flight could still add to it, or
    `wait_s` after it could have started; whichever comes first. So a lone client never waits, and
    frames of one upload fill a batch like those of many.
    """

    def __init__(self, device: Device, forward: Forward, size: int, wait_s: float) -> None:
        self.changed = threading.Condition()
        self.expected = 0
        """Requests in flight that may still submit frames; guarded by `changed`."""
        self._device = device
        self._forward = forward
        self._size = size
        self._wait_s = wait_s
        self._rows: deque[_Row] = deque()
        self._scheduled = False

    def expect(self) -> Expected:
        """Announce a request whose frames will come: a batch may wait a little for them."""
        with self.changed:
            self.expected += 1
        return Expected(self)

    def submit(
        self, frames: Sequence[Pixels], expected: Expected | None = None
    ) -> list[Future[Answer]]:
        """Queue frames (height, width, channels), which settles `expected`. One future for each.

        Raises Draining once the device is shut down.
        """
        rows = [_Row(pixels) for pixels in frames]
        with self.changed:
            if not self._scheduled:
                self._device.submit(Priority.PREDICTION, self._run_batch)
                self._scheduled = True
            self._rows.extend(rows)
            if expected is not None:
                expected.settle()
            self.changed.notify_all()
        return [row.future for row in rows]

    def _run_batch(self) -> None:
        """One turn on the device thread. Queues the next turn where rows are left over."""
        rows = self._gather()
        self._answer(rows)
        with self.changed:
            if self._rows:
                self._device.submit(Priority.PREDICTION, self._run_batch)
            else:
                self._scheduled = False

    def _gather(self) -> list[_Row]:
        latest = time.monotonic() + self._wait_s
        with self.changed:
            while len(self._rows) < self._size and self.expected > 0:
                left = latest - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    break
            return [self._rows.popleft() for _ in range(min(self._size, len(self._rows)))]

    def _answer(self, rows: list[_Row]) -> None:
        """Settle every row's future, with an answer or with the reason why there is none."""
        started = time.perf_counter()
        try:
            outputs = self._forward([row.pixels for row in rows])
        except DropsightError as error:
            if len(rows) == 1:
                rows[0].future.set_exception(error)
                return
            # One bad frame must not take its neighbours with it.
            for row in rows:
                self._answer([row])
            return
        except BaseException as error:  # noqa: BLE001 (raised again by whoever waits)
            for row in rows:
                row.future.set_exception(error)
            return
        forward_ms = (time.perf_counter() - started) * 1000
        for index, row in enumerate(rows):
            waited_ms = (started - row.since) * 1000
            answer = Answer(outputs.row(index), waited_ms, forward_ms, len(rows))
            row.future.set_result(answer)
