"""A subscriber's server on loopback, for tests: answers as it is told to, and keeps what it got."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Post:
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    url: str
    posts: list[Post] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; then 204."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip: bool = False
    """Send headers that never end, one byte after the other, until the other side has enough."""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def types(self) -> list[str]:
        return [str(one.json()["type"]) for one in self.posts]

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.posts]


@contextmanager
def running_receiver(
    port: int = 0, tls: ssl.SSLContext | None = None, answers: Sequence[int] = ()
) -> Iterator[Receiver]:
    """Serves until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.posts.append(Post(self.path, headers, body))
            if state.drip:
                self._drip()
                return
            status = state.answers.pop(0) if state.answers else 204
            with contextlib.suppress(ConnectionError):  # what is too much is not read to its end
                self.send_response(status)
                for name, value in state.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(state.body)

        def _drip(self) -> None:
            with contextlib.suppress(OSError):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nx-drip: ")
                while not state.stop.wait(0.02):
                    self.wfile.write(b".")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent: pytest's output is for failures."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if tls is not None else "http"
    state = Receiver(
        f"{scheme}://127.0.0.1:{server.server_port}/hooks?token=t0p", [], list(answers)
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
