"""A receiver of webhooks, as small as one can be: verifies, tells repeats apart, prints."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from dropsight.cli.errors import CommandFailed
from dropsight.cli.parts import LOOPBACK
from dropsight.domain.errors import AccessRefused, MessageInvalid
from dropsight.domain.webhooks import Webhook, verify
from dropsight.domain.wire import decode

LONGEST_BODY = 1024 * 1024
"""Bytes."""
PATIENCE_S = 10.0
"""For a request that does not come to its end."""


def receive(secrets: Sequence[bytes], port: int, answer: int, *, as_json: bool) -> None:
    """Until an interrupt. Raises CommandFailed where the port is in use."""
    seen: set[str] = set()
    printing = threading.Lock()

    class Receiver(BaseHTTPRequestHandler):
        timeout = PATIENCE_S

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > LONGEST_BODY:
                self._refuse(413, f"content-length: legal are 0 to {LONGEST_BODY}")
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                identity = verify(secrets, headers, body, time.time())
                told = decode(body, Webhook)
            except (AccessRefused, MessageInvalid) as error:
                self._refuse(401 if isinstance(error, AccessRefused) else 400, str(error))
                return
            with printing:
                again = identity in seen
                if 200 <= answer < 300:
                    seen.add(identity)
                print(body.decode() if as_json else _line(identity, told, again=again), flush=True)
            self.send_response(answer)
            self.end_headers()

        def _refuse(self, status: int, sentence: str) -> None:
            print(f"dropsight: refused: {sentence}", file=sys.stderr, flush=True)
            self.send_response(status)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.end_headers()
            self.wfile.write(sentence.encode())

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Silent: the lines above are what there is to say."""

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Receiver)
    except OSError as error:
        raise CommandFailed(f"port {port}: {error.strerror}; choose another with --port") from error
    with server:
        address = f"http://{LOOPBACK}:{server.server_port}/"
        print(f"dropsight: listening on {address}", file=sys.stderr, flush=True)
        server.serve_forever()


def _line(identity: str, told: Webhook, *, again: bool) -> str:
    """One webhook for people: what happened to which file, and what was found."""
    result = told.data.result
    words = [told.type, result.result_id, result.source.object or "-"]
    if result.error is not None:
        words.append(result.error.code)
    elif result.findings:
        words.append(", ".join(result.found_labels) or "nothing found")
    if result.study is not None:
        words += filter(None, [result.study.modality, result.study.patient_id])
    return "  ".join([*words, identity, *(["again"] if again else [])])
