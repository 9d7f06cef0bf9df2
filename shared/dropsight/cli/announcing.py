"""The event that Cloud Storage would send: a new version of an object is there."""

from __future__ import annotations

from dropsight.adapters.embedded.queue import SqliteQueue
from dropsight.domain.events import TOPIC_FINALIZED
from dropsight.domain.wire import encode
from dropsight.pipeline.finalized import finalized
from dropsight.ports import ObjectInfo


def announce(queue: SqliteQueue, info: ObjectInfo) -> bool:
    """Queue the event of this version once; False if that was done before."""
    return queue.announce(
        info.bucket, info.name, info.generation, TOPIC_FINALIZED, encode(finalized(info))
    )
