"""Acknowledged, given back or waited for: by the answer of a real server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dropsight.adapters.embedded.queue import SqliteQueue, Subscription
from dropsight.cli.dispatcher import envelopes
from dropsight.cli.dispatcher.delivery import Courier
from dropsight.cli.dispatcher.routes import Route
from dropsight.cli.parts import free_ports

pytestmark = pytest.mark.unit

SUBSCRIPTION = Subscription("sub", "topic", ack_deadline_s=30.0, min_backoff_s=1.0, max_attempts=9)


@contextmanager
def server(status: int, headers: dict[str, str], port: int = 0) -> Iterator[int]:
    """Answers every POST like this; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made.server_port
        made.shutdown()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> SqliteQueue:
    made = SqliteQueue(tmp_path / "queue.db", clock)
    made.subscribe(SUBSCRIPTION)
    made.publish("topic", b"{}")
    return made


def deliver(queue: SqliteQueue, port: int, during: Callable[[], None] = lambda: None) -> None:
    route = Route(SUBSCRIPTION, f"http://127.0.0.1:{port}/", 1, envelopes.push)
    (delivery,) = queue.pull("sub", 1)
    thread = threading.Thread(
        target=Courier(route, queue, threading.Event()).deliver, args=(delivery,)
    )
    thread.start()
    during()
    thread.join()


def test_a_2xx_answer_acknowledges(queue: SqliteQueue):
    with server(204, {}) as port:
        deliver(queue, port)

    assert queue.next_due("sub") is None


def test_an_error_gives_the_message_back_with_its_backoff(queue: SqliteQueue, clock: Clock):
    with server(500, {}) as port:
        deliver(queue, port)

    due = queue.next_due("sub")
    assert due is not None
    assert clock.now + 0.75 <= due <= clock.now + 1.25  # the first backoff, 1 s, give or take


def test_retry_after_is_respected_where_it_is_longer_than_the_backoff(
    queue: SqliteQueue, clock: Clock
):
    with server(503, {"retry-after": "20"}) as port:
        deliver(queue, port)

    assert queue.next_due("sub") == clock.now + 20


def test_a_refused_connection_waits_for_the_receiver_and_costs_no_attempt(queue: SqliteQueue):
    (port,) = free_ports(1)
    started = threading.Event()

    def start_late() -> None:
        with server(204, {}, port):
            started.set()
            while queue.next_due("sub") is not None:
                pass

    deliver(queue, port, start_late)

    assert started.is_set()
    assert queue.next_due("sub") is None
