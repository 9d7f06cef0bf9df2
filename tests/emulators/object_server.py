"""A small Cloud Storage on loopback, for tests: the JSON API as far as clients here use it, and
beside it the XML API of signed addresses (`xml_api.py`).

Unlike the emulators in the package index it keeps its word on generations and preconditions, so
that a test of "written once" can fail.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.emulators.resumable import Session, kept_range
from tests.emulators.stored_objects import Conditions, Refused, StoredObjects, Version
from tests.emulators.xml_api import XmlApi

PAGE_SIZE = 1000


@dataclass(frozen=True)
class ObjectServer:
    address: str
    """`http://127.0.0.1:port`, for STORAGE_EMULATOR_HOST."""
    objects: StoredObjects
    xml: XmlApi
    """`xml.signers` and `xml.cors` say whose signatures are good and which pages may ask."""


@contextmanager
def running_object_server(page_size: int = PAGE_SIZE) -> Iterator[ObjectServer]:
    """Serves until the block ends. `page_size`: most objects that one answer lists."""
    objects = StoredObjects()
    xml = XmlApi(objects)
    state = {"objects": objects, "page_size": page_size, "xml": xml}
    handler = type("Handler", (_Handler,), state)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield ObjectServer(f"http://127.0.0.1:{server.server_port}", objects, xml)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    objects: StoredObjects
    page_size: int
    xml: XmlApi

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def do_OPTIONS(self) -> None:
        self._answer(self._put)

    def do_DELETE(self) -> None:
        self._answer(self._delete)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent: pytest's output is for failures."""

    def _answer(self, method: Any) -> None:
        length = int(self.headers.get("content-length") or 0)
        self.body = self.rfile.read(length)
        url = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(url.query).items()}
        # Split before unquoting: a %2F belongs to an object's name.
        self.parts = [unquote(part) for part in url.path.strip("/").split("/")]
        try:
            if self.parts[0] in ("storage", "upload", "download"):
                method()
            else:
                self._answer_xml()
        except Refused as refusal:
            error = {"code": refusal.status, "message": str(refusal)}
            self._send_json({"error": error}, refusal.status)

    def _get(self) -> None:
        match self.parts:
            case [*_, "b", bucket, "o"]:
                self._list(bucket)
            case [*_, "b", bucket, "o", name]:
                version = self.objects.get(bucket, name, self._conditions())
                if self.query.get("alt") == "media":
                    self._send_media(version)
                else:
                    self._send_json(version.resource())
            case _:
                raise Refused(404, f"not served here: GET {self.path}")

    def _post(self) -> None:
        match self.parts:
            case ["storage", "v1", "b"]:
                name = json.loads(self.body)["name"]
                self.objects.create_bucket(name)
                self._send_json({"kind": "storage#bucket", "name": name})
            case ["upload", "storage", "v1", "b", bucket, "o"]:
                if self.query.get("uploadType") == "resumable":
                    self._begin_session(bucket)
                else:
                    self._send_json(self._upload(bucket).resource())
            case _:
                raise Refused(404, f"not served here: POST {self.path}")

    def _answer_xml(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.xml.answer(self.command, self.path, headers, self.body, self._base())
        self._send(answer.status, dict(answer.headers), answer.body)

    def _begin_session(self, bucket: str) -> None:
        resource = json.loads(self.body or b"{}")
        kind = resource.get("contentType") or self.headers.get("x-upload-content-type")
        session = Session(
            bucket,
            resource.get("name") or self.query["name"],
            kind or "application/octet-stream",
            self._conditions(),
            resource.get("metadata") or {},
        )
        identity = self.xml.sessions.begin(session)
        path = urlsplit(self.path).path
        location = f"{self._base()}{path}?uploadType=resumable&upload_id={identity}"
        self._send(200, {"location": location}, b"")

    def _put(self) -> None:
        """A chunk, in a session of the JSON API."""
        if "upload_id" not in self.query:
            raise Refused(404, f"not served here: {self.command} {self.path}")
        session = self.xml.sessions.get(self.query["upload_id"])
        if not self.xml.sessions.receive(session, self.headers.get("content-range"), self.body):
            self._send(308, kept_range(session), b"")
            return
        assert session.version is not None
        self._send_json(session.version.resource())

    def _base(self) -> str:
        return f"http://{self.headers['host']}"

    def _delete(self) -> None:
        match self.parts:
            case ["upload", *_] if "upload_id" in self.query:
                self.xml.sessions.cancel(self.query["upload_id"])
                self._send(499, {}, b"")
            case ["storage", "v1", "b", bucket, "o", name]:
                self.objects.delete(bucket, name, self._conditions())
                self._send(204, {}, b"")
            case _:
                raise Refused(404, f"not served here: DELETE {self.path}")

    def _upload(self, bucket: str) -> Version:
        kind = self.headers.get("content-type", "application/octet-stream")
        match self.query.get("uploadType"):
            case "media":
                resource: dict[str, Any] = {"name": self.query["name"]}
                data = self.body
            case "multipart":
                resource, kind, data = _multipart(kind, self.body)
                kind = resource.get("contentType") or kind
            case other:
                raise Refused(400, f"uploadType {other} is not served here")
        return self.objects.write(
            bucket,
            resource.get("name") or self.query["name"],
            data,
            kind,
            resource.get("metadata") or {},
            self._conditions(),
        )

    def _list(self, bucket: str) -> None:
        size = min(int(self.query.get("maxResults", self.page_size)), self.page_size)
        versions, more = self.objects.page(
            bucket, self.query.get("prefix", ""), self.query.get("pageToken", ""), size
        )
        shown: dict[str, Any] = {"kind": "storage#objects"}
        if versions:
            shown["items"] = [version.resource() for version in versions]
        if more:
            shown["nextPageToken"] = more
        self._send_json(shown)

    def _conditions(self) -> Conditions:
        names = ("generation", "ifGenerationMatch", "ifGenerationNotMatch")
        return Conditions(*(int(self.query[n]) if n in self.query else None for n in names))

    def _send_media(self, version: Version) -> None:
        md5 = version.resource()["md5Hash"]
        headers = {
            "content-type": version.content_type,
            "x-goog-generation": str(version.generation),
            "x-goog-hash": f"md5={md5}",
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        if asked is None:
            self._send(200, headers, version.data)
            return
        first, last = int(asked[1]), min(int(asked[2]), len(version.data) - 1)
        if first > last:
            raise Refused(416, f"bytes {first} to {last} of {len(version.data)}")
        headers["content-range"] = f"bytes {first}-{last}/{len(version.data)}"
        self._send(206, headers, version.data[first : last + 1])

    def _send_json(self, body: dict[str, Any], status: int = 200) -> None:
        self._send(status, {"content-type": "application/json"}, json.dumps(body).encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _multipart(content_type: str, body: bytes) -> tuple[dict[str, Any], str, bytes]:
    """Resource, content type and content of a multipart/related upload (RFC 2387)."""
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    delimiter = b"\r\n--" + boundary
    opening, _, rest = (b"\r\n" + body).removeprefix(delimiter).partition(delimiter)
    content, closing, end = rest.rpartition(delimiter)
    if not closing or not end.startswith(b"--"):
        raise Refused(400, "multipart upload without its closing boundary")
    head, _, data = content.partition(b"\r\n\r\n")
    kind = head.decode().lower().partition("content-type:")[2].strip()
    return json.loads(opening.partition(b"\r\n\r\n")[2]), kind, data
