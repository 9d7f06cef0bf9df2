"""The buckets of the test server: one lock, true generations, true preconditions."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """Answered with an HTTP status, as Cloud Storage would."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Conditions:
    """Query parameters of a request; None where it says nothing."""

    generation: int | None = None
    if_generation_match: int | None = None
    if_generation_not_match: int | None = None


@dataclass(frozen=True)
class Version:
    bucket: str
    name: str
    generation: int
    data: bytes
    content_type: str
    metadata: dict[str, str] = field(default_factory=dict)

    def resource(self) -> dict[str, Any]:
        """As the JSON API shows it: 64-bit numbers are strings."""
        shown: dict[str, Any] = {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "bucket": self.bucket,
            "name": self.name,
            "generation": str(self.generation),
            "metageneration": "1",
            "size": str(len(self.data)),
            "contentType": self.content_type,
            "md5Hash": base64.b64encode(
                hashlib.md5(self.data, usedforsecurity=False).digest()
            ).decode(),
        }
        return {**shown, "metadata": self.metadata} if self.metadata else shown


class StoredObjects:
    """Live versions only. Every method is atomic."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, dict[str, Version]] = {}
        self._last_generation = 0

    def create_bucket(self, bucket: str) -> None:
        with self._lock:
            if bucket in self._buckets:
                raise Refused(409, f"bucket {bucket} exists")
            self._buckets[bucket] = {}

    def clear(self, bucket: str) -> None:
        """Make `bucket` exist and be empty."""
        with self._lock:
            self._buckets[bucket] = {}

    def check(self, bucket: str, name: str, conditions: Conditions) -> None:
        """Raises Refused unless `conditions` hold now."""
        with self._lock:
            _check(self._objects(bucket).get(name), conditions)

    def write(
        self,
        bucket: str,
        name: str,
        data: bytes,
        content_type: str,
        metadata: dict[str, str],
        conditions: Conditions,
    ) -> Version:
        with self._lock:
            objects = self._objects(bucket)
            _check(objects.get(name), conditions)
            self._last_generation = max(time.time_ns() // 1000, self._last_generation + 1)
            version = Version(bucket, name, self._last_generation, data, content_type, metadata)
            objects[name] = version
            return version

    def get(self, bucket: str, name: str, conditions: Conditions) -> Version:
        with self._lock:
            return self._live(bucket, name, conditions)

    def delete(self, bucket: str, name: str, conditions: Conditions) -> None:
        with self._lock:
            self._live(bucket, name, conditions)
            del self._buckets[bucket][name]

    def page(
        self, bucket: str, prefix: str, after: str, size: int
    ) -> tuple[list[Version], str | None]:
        """Up to `size` versions in order of names; the name to go on after, if there are more."""
        with self._lock:
            objects = self._objects(bucket)
            names = sorted(name for name in objects if name.startswith(prefix) and name > after)
            more = names[size - 1] if len(names) > size else None
            return [objects[name] for name in names[:size]], more

    def _objects(self, bucket: str) -> dict[str, Version]:
        if bucket not in self._buckets:
            raise Refused(404, "The specified bucket does not exist.")
        return self._buckets[bucket]

    def _live(self, bucket: str, name: str, conditions: Conditions) -> Version:
        live = self._objects(bucket).get(name)
        if live is None or conditions.generation not in (None, live.generation):
            raise Refused(404, f"No such object: {bucket}/{name}")
        _check(live, conditions)
        return live


def _check(live: Version | None, conditions: Conditions) -> None:
    found = live.generation if live else 0
    if conditions.if_generation_match not in (None, found):
        raise Refused(412, "At least one of the pre-conditions you specified did not hold.")
    if conditions.if_generation_not_match == found:
        raise Refused(412, "At least one of the pre-conditions you specified did not hold.")
