"""Hand-written ports in memory. They pass the same contract suite as the real adapters."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dropsight.adapters.document_limits import check_document
from dropsight.domain.errors import ObjectGone, PreconditionFailed
from dropsight.domain.events import DeadLetter
from dropsight.domain.feedback import Feedback
from dropsight.domain.queries import EVERYTHING, Position, ResultQuery
from dropsight.domain.results import DELETED, Result
from dropsight.domain.wire import Record, to_plain
from dropsight.ports import ObjectInfo


class MemoryObjectStore:
    """Every bucket exists."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[tuple[str, str], tuple[ObjectInfo, bytes]] = {}
        self._generations = itertools.count(time.time_ns() // 1000)

    def stat(self, bucket: str, name: str, generation: int | None = None) -> ObjectInfo:
        return self._live(bucket, name, generation)[0]

    def read(self, bucket: str, name: str, generation: int | None = None) -> bytes:
        return self._live(bucket, name, generation)[1]

    def write(
        self,
        bucket: str,
        name: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        *,
        if_generation_match: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        with self._lock:
            live = self._objects.get((bucket, name))
            found = live[0].generation if live else 0
            if if_generation_match not in (None, found):
                raise PreconditionFailed(
                    f"object {name} in {bucket}: found {found}, expected {if_generation_match}"
                )
            info = ObjectInfo(
                bucket,
                name,
                next(self._generations),
                len(data),
                content_type,
                dict(metadata or {}),
            )
            self._objects[bucket, name] = info, data
            return info

    def delete(self, bucket: str, name: str, generation: int | None = None) -> None:
        with self._lock:
            live = self._objects.get((bucket, name))
            if live and generation in (None, live[0].generation):
                del self._objects[bucket, name]

    def list(self, bucket: str, prefix: str = "") -> Iterable[ObjectInfo]:
        with self._lock:
            return [
                info
                for (where, name), (info, _) in sorted(self._objects.items())
                if where == bucket and name.startswith(prefix)
            ]

    def _live(self, bucket: str, name: str, generation: int | None) -> tuple[ObjectInfo, bytes]:
        with self._lock:
            live = self._objects.get((bucket, name))
        if live is None or generation not in (None, live[0].generation):
            raise ObjectGone(f"object {name} in {bucket}: generation {generation} is gone")
        return live


@dataclass(frozen=True)
class Published:
    message_id: str
    topic: str
    data: bytes
    attributes: dict[str, str]


class MemoryPublisher:
    """`published` holds every message, oldest first."""

    def __init__(self) -> None:
        self.published: list[Published] = []
        self._lock = threading.Lock()

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None) -> str:
        with self._lock:
            message_id = str(len(self.published) + 1)
            self.published.append(Published(message_id, topic, data, dict(attributes or {})))
            return message_id


class MemoryResultStore:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: dict[str, Result] = {}

    def create(self, result: Result) -> bool:
        _check(result, result.result_id)
        with self._lock:
            return self._results.setdefault(result.result_id, result) is result

    def get(self, result_id: str) -> Result | None:
        with self._lock:
            return self._results.get(result_id)

    def update(self, result_id: str, change: Callable[[Result], Result | None]) -> Result:
        with self._lock:
            changed = change(self._results[result_id])
            if changed is not None:
                _check(changed, result_id)
                self._results[result_id] = changed
            return self._results[result_id]

    def list(
        self, limit: int = 100, query: ResultQuery = EVERYTHING, after: Position | None = None
    ) -> Sequence[Result]:
        def place(one: Result) -> tuple[float, str]:
            return one.arrived_at, one.result_id

        with self._lock:
            found = [one for one in self._results.values() if query.matches(one)]
        if after is not None and query.status not in DELETED:
            found = [one for one in found if place(one) < (after.arrived_at, after.result_id)]
        return sorted(found, key=place, reverse=True)[:limit]

    def delete(self, result_id: str) -> None:
        with self._lock:
            self._results.pop(result_id, None)


class MemoryDeadLetterStore:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: dict[str, DeadLetter] = {}

    def put(self, letter: DeadLetter) -> None:
        with self._lock:
            self._letters.setdefault(letter.message_id, letter)

    def get(self, message_id: str) -> DeadLetter | None:
        with self._lock:
            return self._letters.get(message_id)

    def list(self, limit: int = 100, result_id: str | None = None) -> Sequence[DeadLetter]:
        with self._lock:
            meant = [one for one in self._letters.values() if result_id in (None, one.result_id)]
        return sorted(meant, key=lambda one: -one.failed_at)[:limit]

    def delete(self, message_id: str) -> None:
        with self._lock:
            self._letters.pop(message_id, None)


class MemoryFeedbackStore:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[str, Feedback] = {}

    def add(self, feedback: Feedback) -> None:
        _check(feedback, feedback.feedback_id)
        with self._lock:
            self._said.setdefault(feedback.feedback_id, feedback)

    def list(self, result_id: str, limit: int = 1000) -> Sequence[Feedback]:
        with self._lock:
            meant = [one for one in self._said.values() if one.result_id == result_id]
        return sorted(meant, key=lambda one: (one.created_at, one.feedback_id))[:limit]

    def erase(self, result_id: str) -> int:
        with self._lock:
            gone = [key for key, one in self._said.items() if one.result_id == result_id]
            for key in gone:
                del self._said[key]
            return len(gone)


def _check(record: Record, key: str) -> None:
    check_document(to_plain(record), key)
