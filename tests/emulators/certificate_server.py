"""An issuer's certificates on loopback, for tests: rotated, aged or out of order as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.signed_tokens import SigningKey


@dataclass
class CertificateServer:
    address: str
    certificates: dict[str, str] = field(default_factory=dict)
    """PEM by key id."""
    headers: dict[str, str] = field(default_factory=lambda: {"Cache-Control": "public, max-age=60"})
    status: int = 200
    body: bytes | None = None
    """In place of the certificates."""
    asked: int = 0

    def publish(self, *keys: SigningKey) -> None:
        """These and no others."""
        self.certificates = {key.key_id: key.certificate for key in keys}


@contextmanager
def running_certificate_server() -> Iterator[CertificateServer]:
    """Serves until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked += 1
            body = state.body
            if body is None:
                body = json.dumps(state.certificates).encode()
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent: pytest's output is for failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = CertificateServer(f"http://127.0.0.1:{server.server_port}/certificates")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
