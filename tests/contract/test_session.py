"""How the REST adapters' HTTP session fails and tries again, against a server that misbehaves."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import google.auth
import google.auth.exceptions
import pytest

from dropsight.adapters.gcp import session as session_module
from dropsight.adapters.gcp.session import FIRESTORE, Session
from dropsight.domain.errors import BackendUnavailable, MessageInvalid

pytestmark = pytest.mark.contract

ABORTED = (409, b'{"error": {"status": "ABORTED", "message": "contention"}}')
EXISTS = (409, b'{"error": {"status": "ALREADY_EXISTS", "message": "it exists"}}')
DROP = (0, b"")
"""The connection is closed without an answer."""


class Misbehaving:
    """Gives `answers` in turn, then 200; remembers what it was asked."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """The metadata server of a machine on Google Cloud, as far as google-auth asks."""
            state.asked.append((self.command, self.path, {}, b""))
            name = self.path.partition("?")[0].rpartition("/")[2]
            answers = {
                "token": {"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"},
                "": {"email": "service@example.test", "scopes": []},
            }
            answer = json.dumps(answers.get(name, {})).encode()
            self.send_response(200)
            self.send_header("metadata-flavor", "Google")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.asked.append((self.command, self.path, headers, body))
            status, answer = state.answers.pop(0) if state.answers else (200, b"{}")
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state = Misbehaving(http.server_port)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "FIRST_BACKOFF_S", 0.001)


def post(server: Misbehaving, **options: Any) -> session_module.Response:
    session = Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": server.address})
    return session.request("POST", "/v1/x", body=b"{}", **options)


@pytest.mark.parametrize("scheme", ["", "http://"])
@pytest.mark.parametrize("end", ["", "/"])
def test_the_emulators_variable_may_have_a_scheme(
    server: Misbehaving, scheme: str, end: str
) -> None:
    session = Session(FIRESTORE, {"FIRESTORE_EMULATOR_HOST": f"{scheme}{server.address}{end}"})

    session.request("POST", "/v1/x", {"a": "ü &", "b": None, "c": 0}, b"{}")

    assert [path for _, path, _, _ in server.asked] == ["/v1/x?a=%C3%BC+%26&c=0"]


@pytest.mark.parametrize("bad", [(429, b""), (500, b""), (503, b"<html>"), DROP, ABORTED])
def test_what_may_be_repeated_is_repeated(server: Misbehaving, bad: tuple[int, bytes]) -> None:
    server.answers = [bad, bad]

    assert post(server).status == 200
    assert len(server.asked) == 3


@pytest.mark.parametrize("bad", [(429, b""), ABORTED])
def test_what_had_no_effect_is_always_repeated(server: Misbehaving, bad: tuple[int, bytes]) -> None:
    server.answers = [bad]

    assert post(server, repeatable=False).status == 200


@pytest.mark.parametrize("bad", [(500, b""), (503, b""), DROP])
def test_what_may_have_had_its_effect_is_not_repeated(
    server: Misbehaving, bad: tuple[int, bytes]
) -> None:
    server.answers = [bad]

    with pytest.raises(BackendUnavailable):
        post(server, repeatable=False)
    assert len(server.asked) == 1


def test_it_gives_up_in_the_end_and_says_why(server: Misbehaving) -> None:
    server.answers = [(503, b'{"error": {"status": "UNAVAILABLE", "message": "try later"}}')] * 99

    with pytest.raises(
        BackendUnavailable, match="Firestore, POST /v1/x: 503 UNAVAILABLE try later"
    ):
        post(server)
    assert len(server.asked) == session_module.ATTEMPTS


def test_it_does_not_try_again_when_its_time_is_over(
    server: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "TOTAL_S", -1.0)
    server.answers = [DROP]

    with pytest.raises(BackendUnavailable, match="ProtocolError"):
        post(server)
    assert len(server.asked) == 1


def test_a_refused_request_is_permanent_and_says_what_google_said(server: Misbehaving) -> None:
    server.answers = [(400, b'{"error": {"status": "INVALID_ARGUMENT", "message": "bad field"}}')]

    with pytest.raises(MessageInvalid, match="INVALID_ARGUMENT bad field"):
        post(server)
    assert len(server.asked) == 1


def test_a_missing_permission_is_not_the_uploads_fault(server: Misbehaving) -> None:
    server.answers = [(403, b'{"error": {"status": "PERMISSION_DENIED", "message": "no"}}')]

    with pytest.raises(BackendUnavailable, match="PERMISSION_DENIED"):
        post(server)
    assert len(server.asked) == 1


def test_expected_answers_are_handed_on_by_status_or_reason(server: Misbehaving) -> None:
    server.answers = [EXISTS, EXISTS, EXISTS]

    assert post(server, allow=(409,)).reason == "ALREADY_EXISTS"
    assert post(server, allow=("ALREADY_EXISTS",)).message == "it exists"
    with pytest.raises(BackendUnavailable):
        post(server, allow=("FAILED_PRECONDITION",))


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        session = Session(
            FIRESTORE, {"FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{unused.getsockname()[1]}"}
        )
        with pytest.raises(BackendUnavailable, match="NewConnectionError"):
            session.request("POST", "/v1/x", body=b"{}", repeatable=False)


def test_an_emulator_is_sent_no_token(server: Misbehaving) -> None:
    post(server)

    assert "authorization" not in server.asked[0][2]


CALLER = """
import sys
from dropsight.adapters.gcp.session import Service, Session
session = Session(Service("Test", "http://" + sys.argv[1], "NO_EMULATOR"))
session.request("POST", "/v1/x", body=b"{}")
session.request("POST", "/v1/x", body=b"{}")
"""
SIGNER = """
import sys
from dropsight.adapters.gcp.session import Service, Session
from dropsight.adapters.gcp.signing import CloudAddressSigner
iam = Session(Service("Test", "http://" + sys.argv[1], "NO_EMULATOR"))
print(CloudAddressSigner(iam, "https://s").upload("b", "n", 1, "image/png").url)
"""


def test_on_google_cloud_one_token_of_the_metadata_server_serves_many_requests(
    server: Misbehaving, tmp_path: Path
) -> None:
    on_google_cloud(CALLER, server, tmp_path)

    tokens = [path for _, path, _, _ in server.asked if "/token" in path]
    calls = [headers for _, path, headers, _ in server.asked if path == "/v1/x"]
    assert len(tokens) == 1
    assert [headers["authorization"] for headers in calls] == ["Bearer t0ken"] * 2


def test_on_google_cloud_addresses_are_signed_for_the_services_own_account_with_its_token(
    server: Misbehaving, tmp_path: Path
) -> None:
    server.answers = [(200, b'{"keyId": "k", "signedBlob": "q80="}')]

    url = on_google_cloud(SIGNER, server, tmp_path)

    assert "X-Goog-Credential=service%40example.test%2F" in url
    assert url.strip().endswith("&X-Goog-Signature=abcd")
    ((_, path, headers, body),) = [one for one in server.asked if "signBlob" in one[1]]
    assert path == "/v1/projects/-/serviceAccounts/service@example.test:signBlob"
    assert headers["authorization"] == "Bearer t0ken"
    assert base64.b64decode(json.loads(body)["payload"]).startswith(b"GOOG4-RSA-SHA256\n")


def on_google_cloud(code: str, server: Misbehaving, folder: Path) -> str:
    """What `code` prints, in a process whose metadata server is `server`: google-auth reads these
    variables when it is imported."""
    environment = {
        **os.environ,
        "GCE_METADATA_HOST": server.address,
        "GCE_METADATA_IP": server.address,
        "CLOUDSDK_CONFIG": str(folder),
        "HOME": str(folder),
    }
    environment.pop("GOOGLE_APPLICATION_CREDENTIALS", None)
    command = [sys.executable, "-c", code, server.address]
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def test_credentials_of_no_service_account_cannot_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    from google.auth.credentials import AnonymousCredentials

    monkeypatch.setattr(google.auth, "default", lambda **_: (AnonymousCredentials(), "project"))

    with pytest.raises(ValueError, match="DROPSIGHT_SIGNING_SERVICE_ACCOUNT: not set"):
        Session(FIRESTORE, {}).service_account()


def test_missing_credentials_are_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_: Any) -> Any:
        raise google.auth.exceptions.DefaultCredentialsError("not found")

    monkeypatch.setattr(google.auth, "default", none)

    with pytest.raises(BackendUnavailable, match="Firestore: no credentials, not found"):
        Session(FIRESTORE, {}).request("GET", "/v1/x")
