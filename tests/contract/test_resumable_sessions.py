"""The test storage's upload sessions behave as Cloud Storage's documentation says of its own.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import urllib3

from tests.emulators.object_server import ObjectServer, running_object_server
from tests.emulators.resumable import UNIT
from tests.emulators.stored_objects import Conditions

pytestmark = pytest.mark.contract

HTTP = urllib3.PoolManager(retries=False)
DATA = bytes(range(256)) * (UNIT // 256) + b"the rest"
PAGE = "https://page.example"


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectServer]:
    with running_object_server() as running:
        running.xml.cors.origins = {PAGE}
        yield running


@pytest.fixture
def session(server: ObjectServer) -> str:
    server.objects.clear("b")
    return begin(server)


def begin(server: ObjectServer, query: str = "") -> str:
    url = f"{server.address}/upload/storage/v1/b/b/o?uploadType=resumable&name=x{query}"
    answer = HTTP.request("POST", url, headers={"x-upload-content-type": "image/png"})
    assert answer.status == 200, answer.data
    return answer.headers["location"]


def put(session: str, content_range: str | None, body: bytes = b"") -> tuple[int, str | None]:
    headers = {"content-range": content_range} if content_range else {}
    answer = HTTP.request("PUT", session, body=body, headers=headers)
    return answer.status, answer.headers.get("range")


def stored(server: ObjectServer) -> bytes:
    return server.objects.get("b", "x", Conditions()).data


def test_chunks_of_a_known_and_of_an_unknown_size(server: ObjectServer, session: str) -> None:
    size = len(DATA)
    assert put(session, f"bytes */{size}") == (308, None)  # nothing has arrived: no Range
    assert put(session, f"bytes 0-{UNIT - 1}/*", DATA[:UNIT]) == (308, f"bytes=0-{UNIT - 1}")
    assert put(session, "bytes */*") == (308, f"bytes=0-{UNIT - 1}")
    assert put(session, f"bytes {UNIT}-{size - 1}/{size}", DATA[UNIT:]) == (200, None)
    assert put(session, f"bytes */{size}") == (200, None)  # asked again after the end
    assert stored(server) == DATA


def test_the_whole_may_come_at_once(server: ObjectServer, session: str) -> None:
    assert put(session, None, b"all") == (200, None)
    assert stored(server) == b"all"


def test_what_is_beyond_a_multiple_of_256_kib_is_sent_again(
    server: ObjectServer, session: str
) -> None:
    size = UNIT + 8
    assert put(session, f"bytes 0-{UNIT + 4}/{size}", DATA[: UNIT + 5])[1] == f"bytes=0-{UNIT - 1}"
    # What overlaps with what is there is ignored.
    assert put(session, f"bytes {UNIT - 4}-{size - 1}/{size}", DATA[UNIT - 4 :]) == (200, None)
    assert stored(server) == DATA


@pytest.mark.parametrize(
    ("content_range", "body"),
    [
        ("bytes 0-99/200", b"x" * 100),  # too small for a chunk that is not the last
        ("bytes 5-9/10", b"x" * 5),  # a gap
        ("bytes 0-9/10", b"x" * 5),  # another length than it says
        ("0-4/5", b"x" * 5),
        ("bytes */5", b"x" * 5),
    ],
)
def test_a_chunk_that_is_none_is_refused(session: str, content_range: str, body: bytes) -> None:
    assert put(session, content_range, body)[0] == 400


def test_a_session_is_cancelled_for_good(server: ObjectServer, session: str) -> None:
    assert HTTP.request("DELETE", session).status == 499
    assert put(session, None, b"all")[0] == 410
    assert put(session.replace("upload_id=", "upload_id=0"), None, b"all")[0] == 404


def test_a_condition_holds_at_the_end_as_at_the_beginning(server: ObjectServer) -> None:
    server.objects.clear("b")
    first, second = begin(server, "&ifGenerationMatch=0"), begin(server, "&ifGenerationMatch=0")

    assert put(first, None, b"first")[0] == 200
    assert put(second, None, b"second")[0] == 412
    assert stored(server) == b"first"


@pytest.mark.parametrize(
    ("origin", "method", "headers", "allowed"),
    [
        (PAGE, "PUT", "content-range", True),
        (PAGE, "POST", "content-type, x-goog-resumable, x-goog-if-generation-match", True),
        (PAGE, "PATCH", "", False),
        (PAGE, "PUT", "x-goog-acl", False),
        ("https://evil.example", "PUT", "content-range", False),
    ],
)
def test_a_browser_is_told_what_the_bucket_allows_a_page(
    server: ObjectServer, origin: str, method: str, headers: str, allowed: bool
) -> None:
    answer = HTTP.request(
        "OPTIONS",
        f"{server.address}/b/x",
        headers={
            "origin": origin,
            "access-control-request-method": method,
            "access-control-request-headers": headers,
        },
    )

    found = answer.headers.get("access-control-allow-origin")
    assert (answer.status, found) == (200, origin if allowed else None)
