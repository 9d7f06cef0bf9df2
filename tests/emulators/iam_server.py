"""IAM Credentials on loopback, for tests: signs with a key that the test has made."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from tests.signed_tokens import SigningKey, signing_key

ACCOUNT = "api@project.iam.gserviceaccount.com"


@dataclass
class IamServer:
    address: str
    """`http://127.0.0.1:port`, for IAM_CREDENTIALS_EMULATOR_HOST."""
    key: SigningKey
    account: str = ACCOUNT
    status: int = 200
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers (names in lower case) of each request."""


@contextmanager
def running_iam_server() -> Iterator[IamServer]:
    """Serves until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.asked.append((self.path, headers))
            known = f"/v1/projects/-/serviceAccounts/{state.account}:signBlob"
            if state.status != 200 or unquote(self.path) != known:
                error = {"status": "PERMISSION_DENIED", "message": "not yours to sign for"}
                self._send(state.status if state.status != 200 else 403, {"error": error})
                return
            signature = state.key.sign(base64.b64decode(body["payload"], validate=True))
            signed = base64.b64encode(signature).decode()
            self._send(200, {"keyId": state.key.key_id, "signedBlob": signed})

        def _send(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent: pytest's output is for failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = IamServer(f"http://127.0.0.1:{server.server_port}", signing_key("iam"))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
