"""The calendar of a simulation: what happens next, and when.

A heap of our own and no simulation library: a million files an hour are some five million events,
and SimPy's generator for each customer is 20 times slower than this (docs/decisions/0021).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

Action = Callable[[Any], None]


class Clock:
    """Events in order of time; those of one moment in the order in which they were planned."""

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds since the simulation began."""
        self.stopped = False
        """Set by an action: nothing after it is done."""
        self._events: list[tuple[float, int, Action, Any]] = []
        self._order = itertools.count()

    def at(self, when: float, action: Action, argument: Any = None) -> None:
        """Call `action(argument)` at `when`, which is not before now."""
        heapq.heappush(self._events, (when, next(self._order), action, argument))

    def run(self, until: float) -> None:
        """Until nothing is left, `stopped` is set or the next event lies after `until`."""
        events, pop = self._events, heapq.heappop
        while events and not self.stopped and events[0][0] <= until:
            self.now, _, action, argument = pop(events)
            action(argument)
