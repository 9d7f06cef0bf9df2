"""One signed post to one subscriber. Nothing that the other side does holds it for longer than its
time, or makes it go or read further than it should."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from dropsight import __version__
from dropsight.adapters.webhooks.addresses import AddressPolicy, Endpoint
from dropsight.domain.errors import SubscriberRefused, SubscriberUnavailable
from dropsight.domain.webhooks import Message, signature_headers

MOST_READ = 1024
"""Bytes of an answer: enough for its reason."""
MOST_SAID = 200
"""Characters of it that are kept."""
TRANSIENT = frozenset({408, 429})
LONGEST_WAIT_S = 600.0
"""That a subscriber may ask for by Retry-After."""
GONE = 410


@dataclass(frozen=True)
class WebhookSender:
    """Notifier over HTTP. May be used by many threads. Signed with each of `secrets`."""

    secrets: Sequence[bytes]
    policy: AddressPolicy
    timeout_s: float
    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def notify(self, url: str, message: Message) -> None:
        """2xx is taken as done; 408, 429, 5xx and no answer in time as not yet; all other answers,
        redirects among them, as never. Raises SubscriberRefused, SubscriberUnavailable."""
        ends = time.monotonic() + self.timeout_s
        endpoint = self.policy.endpoint(url)
        headers = {
            "content-type": "application/json",
            "user-agent": f"dropsight/{__version__}",
            "connection": "close",
            **signature_headers(self.secrets, message, self.clock()),
        }
        try:
            with _connected(endpoint, ends, self.tls) as connection:
                connection.request("POST", endpoint.target, message.body, headers)
                answer = connection.getresponse()
                said = _words(answer.read(MOST_READ)) if answer.status >= 300 else ""
            if time.monotonic() >= ends:
                raise TimeoutError  # what was cut off within its headers looks like an answer
        except (OSError, http.client.HTTPException) as error:
            late = time.monotonic() >= ends
            what = f"no answer within {self.timeout_s:g} s" if late else _reason(error)
            raise SubscriberUnavailable(f"{endpoint.name}: {what}") from error
        _judge(endpoint, answer.status, answer.getheader("retry-after"), said)


@contextmanager
def _connected(
    endpoint: Endpoint, ends: float, tls: ssl.SSLContext
) -> Iterator[http.client.HTTPConnection]:
    """A connection to the checked address, cut off at `ends` (monotonic) whatever it is doing."""
    stream = _stream(endpoint, ends)
    if endpoint.secure:
        stream = tls.wrap_socket(
            stream, server_hostname=endpoint.host, do_handshake_on_connect=False
        )
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
    connection.sock = stream
    if endpoint.secure:
        connection.default_port = 443  # which the header Host leaves out
    # Each read has a timeout of its own: only this ends an answer that comes byte by byte.
    guard = threading.Timer(_left(ends), _cut, [stream])
    guard.daemon = True
    guard.start()
    try:
        if isinstance(stream, ssl.SSLSocket):
            stream.do_handshake()
        yield connection
    finally:
        guard.cancel()
        connection.close()


def _stream(endpoint: Endpoint, ends: float) -> socket.socket:
    """To the first of its addresses that answers; each gets its part of the time that is left."""
    waiting = list(endpoint.addresses)
    while True:
        address = waiting.pop(0)
        try:
            stream = socket.create_connection(
                (address, endpoint.port), _left(ends) / (len(waiting) + 1)
            )
        except OSError:
            if not waiting:
                raise
        else:
            stream.settimeout(_left(ends))
            return stream


def _left(ends: float) -> float:
    return max(ends - time.monotonic(), 0.001)


def _cut(stream: socket.socket) -> None:
    with suppress(OSError):  # closed already, at the last moment
        # Not the method of SSLSocket, which would take TLS away under the reader.
        socket.socket.shutdown(stream, socket.SHUT_RDWR)


def _judge(endpoint: Endpoint, status: int, retry_after: str | None, said: str) -> None:
    if 200 <= status < 300:
        return
    answer = f"{endpoint.name}: answered {status}{said and f' ({said})'}"
    if status in TRANSIENT or status >= 500:
        raise SubscriberUnavailable(answer, retry_after_s=_seconds(retry_after))
    if status == GONE:
        raise SubscriberRefused(
            f"{answer}: it wants no more webhooks; take it out of DROPSIGHT_WEBHOOK_URLS"
        )
    if 300 <= status < 400:
        raise SubscriberRefused(f"{answer}: redirects are not followed; name the final address")
    raise SubscriberRefused(answer)


def _seconds(retry_after: str | None) -> float:
    """Of a Retry-After header (RFC 9110, section 10.2.3); 1 where there is none, or a date."""
    if retry_after is None or not (retry_after.isascii() and retry_after.isdigit()):
        return 1.0
    return min(max(float(retry_after), 1.0), LONGEST_WAIT_S)


def _words(body: bytes) -> str:
    text = "".join(one if one.isprintable() else " " for one in body.decode("utf-8", "replace"))
    return " ".join(text.split())[:MOST_SAID]


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
