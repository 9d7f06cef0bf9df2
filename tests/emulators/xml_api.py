"""Cloud Storage's XML API, as far as signed addresses use it: read an object, upload one in a
session, and answer the browser of a page that may do so.

https://cloud.google.com/storage/docs/xml-api/overview and …/storage/docs/cross-origin
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.emulators.answers import Answer, as_xml_error
from tests.emulators.resumable import ResumableSessions, Session, kept_range
from tests.emulators.signed_requests import SignatureRefused, check_signature
from tests.emulators.stored_objects import Conditions, Refused, StoredObjects

CODES = {400: "InvalidArgument", 404: "NoSuchKey", 410: "Gone", 412: "PreconditionFailed"}
ANYBODY = Conditions()


@dataclass
class Cors:
    """A bucket's CORS configuration, the same for all buckets of a test."""

    origins: set[str] = field(default_factory=set)
    methods: tuple[str, ...] = ("GET", "HEAD", "POST", "PUT", "DELETE")
    headers: tuple[str, ...] = (
        *("content-type", "content-range", "location", "range"),
        *("x-goog-content-length-range", "x-goog-if-generation-match", "x-goog-resumable"),
    )
    """`responseHeader`: what a page may send and what it may read."""

    def preflight(self, headers: Mapping[str, str]) -> Answer:
        origin = headers.get("origin", "")
        method = headers.get("access-control-request-method", "")
        asked = headers.get("access-control-request-headers", "").lower().replace(" ", "")
        if origin not in self.origins or method not in self.methods:
            return Answer(200)
        if not {one for one in asked.split(",") if one} <= set(self.headers):
            return Answer(200)
        return Answer(
            200,
            {
                "access-control-allow-origin": origin,
                "access-control-allow-methods": ",".join(self.methods),
                "access-control-allow-headers": ",".join(self.headers),
                "access-control-max-age": "3600",
                "vary": "Origin",
            },
        )

    def exposed(self, origin: str | None) -> dict[str, str]:
        """What is added to an answer, so that a page of this origin may read it."""
        if origin not in self.origins or origin is None:
            return {}
        return {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": ",".join(self.headers),
            "vary": "Origin",
        }


class XmlApi:
    def __init__(self, objects: StoredObjects) -> None:
        self.objects = objects
        self.sessions = ResumableSessions(objects)
        self.cors = Cors()
        self.signers: dict[str, rsa.RSAPublicKey] = {}
        """By e-mail address: whose signatures are good."""
        self.clock: Callable[[], float] = time.time

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, base: str
    ) -> Answer:
        """headers: names in lower case. `base`: our own address, for Location."""
        origin = headers.get("origin")
        if method == "OPTIONS":
            return self.cors.preflight(headers)
        upload_id = parse_qs(urlsplit(target).query).get("upload_id", [""])[0]
        try:
            if upload_id:
                session = self.sessions.get(upload_id)
                origin = origin if origin == session.origin else None
                answer = self.in_session(method, upload_id, session, headers, body)
            else:
                check_signature(method, target, headers, self.signers, self.clock())
                answer = self._signed(method, target, headers, base)
        except SignatureRefused as wrong:
            answer = wrong.answer
        except Refused as refused:
            code = str(refused).partition(":")[0] if "TooLarge" in str(refused) else ""
            answer = as_xml_error(
                refused.status, code or CODES.get(refused.status, "Error"), str(refused)
            )
        return Answer(answer.status, {**answer.headers, **self.cors.exposed(origin)}, answer.body)

    def in_session(
        self,
        method: str,
        upload_id: str,
        session: Session,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        """Whoever has the address of a session may use it: no signature is asked for."""
        if method == "DELETE":
            self.sessions.cancel(upload_id)
            return Answer(499)
        if method != "PUT":
            raise Refused(405, f"{method} in an upload session.")
        if not self.sessions.receive(session, headers.get("content-range"), body):
            return Answer(308, kept_range(session))
        assert session.version is not None
        return Answer(200, {"x-goog-generation": str(session.version.generation)})

    def _signed(self, method: str, target: str, headers: Mapping[str, str], base: str) -> Answer:
        path = urlsplit(target).path
        bucket, _, name = path.lstrip("/").partition("/")
        bucket, name = unquote(bucket), unquote(name)
        if method in ("GET", "HEAD"):
            version = self.objects.get(bucket, name, ANYBODY)
            found = {
                "content-type": version.content_type,
                "x-goog-generation": str(version.generation),
            }
            return Answer(200, found, version.data)
        if method == "POST" and headers.get("x-goog-resumable") == "start":
            expected = headers.get("x-goog-if-generation-match")
            limits = headers.get("x-goog-content-length-range")
            session = Session(
                bucket,
                name,
                headers.get("content-type", "application/octet-stream"),
                Conditions(if_generation_match=int(expected) if expected else None),
                largest=int(limits.partition(",")[2]) if limits else None,
                origin=headers.get("origin"),
            )
            identity = self.sessions.begin(session)
            return Answer(201, {"location": f"{base}{path}?upload_id={identity}"})
        raise Refused(405, f"{method} with this signature is not served here.")
