"""Resumable upload sessions as Cloud Storage describes them.

https://cloud.google.com/storage/docs/performing-resumable-uploads and …/docs/resumable-uploads
"""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass, field

from tests.emulators.stored_objects import Conditions, Refused, StoredObjects, Version

UNIT = 256 * 1024
"""Bytes are kept in multiples of it until the last chunk: what a client has sent beyond is lost,
and the Range of the answer says so."""


@dataclass
class Session:
    bucket: str
    name: str
    content_type: str
    conditions: Conditions
    metadata: dict[str, str] = field(default_factory=dict)
    largest: int | None = None
    """Bytes, by x-goog-content-length-range."""
    origin: str | None = None
    """Of the page that began it: only that one may read the answers to its chunks."""
    data: bytearray = field(default_factory=bytearray)
    version: Version | None = None
    cancelled: bool = False


class ResumableSessions:
    def __init__(self, objects: StoredObjects) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def begin(self, session: Session) -> str:
        """Its id. Conditions are checked now and again at the end."""
        self._objects.check(session.bucket, session.name, session.conditions)
        identity = uuid.uuid4().hex
        with self._lock:
            self._sessions[identity] = session
        return identity

    def get(self, identity: str) -> Session:
        session = self._sessions.get(identity)
        if session is None:
            raise Refused(404, "No such upload session.")
        if session.cancelled:
            raise Refused(410, "The upload session was cancelled.")
        return session

    def cancel(self, identity: str) -> None:
        self.get(identity).cancelled = True

    def receive(self, session: Session, content_range: str | None, body: bytes) -> bool:
        """Take one chunk, or answer a question for the status; whether the object is complete."""
        with self._lock:
            if session.version is not None:
                return True
            first, total = _range(content_range, body)
            if first is not None:
                _append(session, first, body, is_last=total == first + len(body))
            _check_size(session, total)
            if total is None or len(session.data) < total:
                return False
            session.version = self._objects.write(
                session.bucket,
                session.name,
                bytes(session.data),
                session.content_type,
                session.metadata,
                session.conditions,
            )
            return True


def kept_range(session: Session) -> dict[str, str]:
    """The header Range of a 308: what the client need not send again. None kept: no header."""
    return {"range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}


def _range(content_range: str | None, body: bytes) -> tuple[int | None, int | None]:
    """Where the body begins (None: it is a question for the status), and the whole size if known.

    'bytes 0-9/30' -> (0, 30); 'bytes 0-9/*' -> (0, None); 'bytes */30' -> (None, 30)
    """
    if content_range is None:
        return 0, len(body)
    found = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", content_range)
    if found is None:
        raise Refused(400, f"Content-Range {content_range!r} is none.")
    total = None if found[3] == "*" else int(found[3])
    if found[1] is None:
        if body:
            raise Refused(400, "A status query has no body.")
        return None, total
    if int(found[2]) - int(found[1]) + 1 != len(body):
        raise Refused(400, f"Content-Range {content_range!r} over {len(body)} bytes.")
    return int(found[1]), total


def _append(session: Session, first: int, body: bytes, is_last: bool) -> None:
    if first > len(session.data):
        raise Refused(400, f"Bytes from {first} on, but only {len(session.data)} are there.")
    if not is_last and len(body) < UNIT:
        raise Refused(400, f"Fewer than {UNIT} bytes in a chunk that is not the last.")
    new = body[len(session.data) - first :]  # what is there already is ignored
    session.data += new if is_last else new[: len(new) // UNIT * UNIT]


def _check_size(session: Session, total: int | None) -> None:
    size = max(len(session.data), total or 0)
    if session.largest is not None and size > session.largest:
        session.cancelled = True
        raise Refused(400, f"EntityTooLarge: {size} bytes, at most {session.largest} are taken.")
    if total is not None and len(session.data) > total:
        raise Refused(400, f"{len(session.data)} bytes of {total}.")
