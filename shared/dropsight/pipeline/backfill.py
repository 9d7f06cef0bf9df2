"""Files that were in the bucket before the system was, or before a model was.

For each object that has no result under the models of now, the event that it would have had is
published again, at a rate that leaves room for what arrives meanwhile. Running it twice, or again
after it was killed, is safe: what has a result is passed over, and what was published twice becomes
one result.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from dropsight.domain.errors import NoRoute
from dropsight.domain.events import TOPIC_FINALIZED
from dropsight.domain.identity import NO_MODEL, result_id
from dropsight.domain.wire import encode
from dropsight.pipeline.finalized import finalized, notification_attributes
from dropsight.pipeline.routing import Models, route_by_name
from dropsight.ports import MessagePublisher, ObjectInfo, ObjectStore, ResultStore

What = Literal["published", "has a result", "no route"]

AT_ONCE = 32
"""Documents that are looked for at the same time."""


@dataclass(frozen=True)
class Step:
    """What became of one object."""

    info: ObjectInfo
    what: What


@dataclass(frozen=True)
class Backfill:
    """`publisher` None: nothing is published, only told."""

    objects: ObjectStore
    results: ResultStore
    publisher: MessagePublisher | None
    models: Models
    routes: Mapping[str, str]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def __call__(
        self, bucket: str, prefix: str = "", after: str = "", rate: float = 10.0
    ) -> Iterator[Step]:
        """Every object below `prefix` whose name is greater than `after`, in order of names.

        `rate`: events a second, at most. Raises BackendUnavailable; what was yielded is done.
        """
        due = self.clock()
        found = (
            info
            for info in self.objects.list(bucket, prefix)
            if info.name.encode() > after.encode() and not info.name.endswith("/")
        )
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while batch := list(itertools.islice(found, AT_ONCE)):
                for info, what in zip(batch, pool.map(self._what, batch), strict=True):
                    if what == "published" and self.publisher is not None:
                        self.sleep(max(0.0, due - self.clock()))
                        due = max(due, self.clock()) + 1.0 / rate
                        self.publisher.publish(
                            TOPIC_FINALIZED, encode(finalized(info)), notification_attributes(info)
                        )
                    yield Step(info, what)

    def _what(self, info: ObjectInfo) -> What:
        try:
            known = route_by_name(finalized(info), self.models, self.routes)
        except NoRoute:
            return "no route"
        # Where only the content tells the model, it may be any that takes part in that.
        models = [known] if known else [x for x in self.models.values() if x.routed_by_attributes]
        digests = [(one.digest, one.explanation_digest) for one in models]
        if known is None:
            digests.append((NO_MODEL, NO_MODEL))  # it was read, and no model takes it
        ids = (result_id(info.bucket, info.name, info.generation, *pair) for pair in digests)
        return "has a result" if any(map(self.results.get, ids)) else "published"
