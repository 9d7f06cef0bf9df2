"""Moves messages: from the landing folder into the queue, from the queue to their receivers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from dropsight.adapters.embedded.queue import Delivery, SqliteQueue
from dropsight.cli.announcing import announce
from dropsight.cli.dispatcher.delivery import Courier
from dropsight.cli.dispatcher.landing import LandingFolder
from dropsight.cli.dispatcher.routes import Route
from dropsight.domain.errors import ObjectGone, PermanentError, TransientError
from dropsight.ports import ObjectStore

log = logging.getLogger(__name__)

LOOK_S = 0.2
"""Between two looks into the landing folder."""
IDLE_POLL_S = 0.05
"""Between two looks into an idle queue. A finished delivery wakes the pump at once."""
TROUBLE_S = 1.0


class Pump:
    """Pulls as many messages as each route may have in flight and hands them to threads."""

    def __init__(self, queue: SqliteQueue, routes: Sequence[Route], stop: threading.Event) -> None:
        self._queue = queue
        self._stop = stop
        self._wake = threading.Event()
        self._couriers = [Courier(route, queue, stop) for route in routes]
        self._in_flight = {route.subscription.name: 0 for route in routes}
        self._counting = threading.Lock()
        for route in routes:
            # Only one dispatcher runs on a root: what is outstanding was left by a dead one.
            queue.recall(route.subscription.name)

    def run(self) -> None:
        """Until `stop` is set; then waits for what is in flight."""
        threads = sum(courier.route.outstanding for courier in self._couriers)
        with ThreadPoolExecutor(threads, thread_name_prefix="deliver") as pool:
            while not self._stop.is_set():
                self._wake.clear()
                try:
                    moved = sum(self._pull(courier, pool) for courier in self._couriers)
                except TransientError as error:
                    log.warning("queue: %s; looking again in %.0f s", error, TROUBLE_S)
                    self._stop.wait(TROUBLE_S)
                    continue
                if not moved:
                    self._wake.wait(IDLE_POLL_S)

    def wake(self) -> None:
        """Something was published: look now."""
        self._wake.set()

    def _pull(self, courier: Courier, pool: ThreadPoolExecutor) -> int:
        name = courier.route.subscription.name
        with self._counting:
            room = courier.route.outstanding - self._in_flight[name]
        if room <= 0:
            return 0
        deliveries = self._queue.pull(name, room)
        with self._counting:
            self._in_flight[name] += len(deliveries)
        for delivery in deliveries:
            pool.submit(self._deliver, courier, delivery)
        return len(deliveries)

    def _deliver(self, courier: Courier, delivery: Delivery) -> None:
        try:
            courier.deliver(delivery)
        finally:
            with self._counting:
                self._in_flight[courier.route.subscription.name] -= 1
            self._wake.set()


def watch_landing(
    folder: LandingFolder,
    bucket: str,
    objects: ObjectStore,
    queue: SqliteQueue,
    pump: Pump,
    stop: threading.Event,
) -> None:
    """Queue an event for each file that has become whole, until `stop` is set."""
    while not stop.wait(LOOK_S):
        try:
            for arrival in folder.turn():
                try:
                    announce(queue, objects.stat(bucket, arrival.name, arrival.generation))
                except ObjectGone:
                    continue  # changed again just now: the next turn sees that
                except PermanentError as error:  # no event can ever be made of it
                    log.warning("landing folder: %s", error)
                folder.done(arrival)
                pump.wake()
        except (OSError, TransientError) as error:
            log.warning("landing folder: %s; looking again in %.0f s", error, TROUBLE_S)
            stop.wait(TROUBLE_S)
