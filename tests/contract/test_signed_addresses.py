"""Signed addresses: as Google's own client makes them, and good for one request alone."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from google.auth import credentials
from google.cloud.storage import _signing

from dropsight.adapters.gcp.session import IAM_CREDENTIALS, Session
from dropsight.adapters.gcp.signing import CloudAddressSigner
from dropsight.domain.errors import BackendUnavailable
from dropsight.ports import SignedUpload
from tests.emulators.iam_server import ACCOUNT, IamServer, running_iam_server
from tests.emulators.object_server import ObjectServer, running_object_server
from tests.emulators.resumable import UNIT
from tests.emulators.stored_objects import Conditions

pytestmark = pytest.mark.contract

NAME = "cxr/00ff/scan ü+~&?#%.dcm"
SIZE = 2 * UNIT + 100
AT = 1_790_000_000.0
"""2026-09-21T14:13:20Z"""
HTTP = urllib3.PoolManager(retries=False)


@pytest.fixture(scope="module")
def iam() -> Iterator[IamServer]:
    with running_iam_server() as running:
        yield running


@pytest.fixture
def storage(iam: IamServer) -> Iterator[ObjectServer]:
    with running_object_server() as running:
        for bucket in ("landing", "results"):
            running.objects.clear(bucket)
        running.xml.signers[ACCOUNT] = iam.key.private.public_key()
        running.xml.clock = lambda: AT
        yield running


def signer_for(iam: IamServer, storage: str, at: float = AT, lifetime_s: int = 900) -> Any:
    session = Session(IAM_CREDENTIALS, {"IAM_CREDENTIALS_EMULATOR_HOST": iam.address})
    return CloudAddressSigner(session, storage, ACCOUNT, lifetime_s, lambda: at)


@pytest.fixture
def signer(iam: IamServer, storage: ObjectServer) -> CloudAddressSigner:
    made: CloudAddressSigner = signer_for(iam, storage.address)
    return made


class Witness(credentials.Signing, credentials.Credentials):
    """What Google's client signs with: the same key, held here."""

    def __init__(self, iam: IamServer) -> None:
        super().__init__()
        self._iam = iam

    signer = SimpleNamespace()
    signer_email = ACCOUNT

    def sign_bytes(self, message: bytes) -> bytes:
        return self._iam.key.sign(message)

    def refresh(self, request: Any) -> None:
        raise AssertionError("no request is made")


@pytest.mark.parametrize("name", [NAME, "a", "a//b/../c", "ÄÖ/漢字 (1).png"])
def test_googles_own_client_makes_the_same_address_for_reading(iam: IamServer, name: str) -> None:
    moment = datetime.datetime.fromtimestamp(AT - AT % 300, datetime.UTC)
    theirs = _signing.generate_signed_url_v4(
        Witness(iam),
        _resource("results", name),
        datetime.timedelta(seconds=900),
        api_access_endpoint="https://storage.googleapis.com",
        method="GET",
        _request_timestamp=moment.strftime("%Y%m%dT%H%M%SZ"),
    )

    ours = signer_for(iam, "https://storage.googleapis.com").downloads([("results", name)])

    assert list(ours.urls) == [theirs]
    assert ours.expires_at == moment.timestamp() + 900


def test_googles_own_client_makes_the_same_address_for_an_upload(iam: IamServer) -> None:
    ours = signer_for(iam, "https://storage.googleapis.com").upload(
        "landing", NAME, SIZE, "application/dicom"
    )
    # The headers that it signs for a resumable upload are those that it is given, and its own.
    given = {key: value for key, value in ours.headers.items() if key != "x-goog-resumable"}
    theirs = _signing.generate_signed_url_v4(
        Witness(iam),
        _resource("landing", NAME),
        datetime.timedelta(seconds=900),
        api_access_endpoint="https://storage.googleapis.com",
        method="RESUMABLE",
        headers=given,
        _request_timestamp=datetime.datetime.fromtimestamp(AT, datetime.UTC).strftime(
            "%Y%m%dT%H%M%SZ"
        ),
    )

    assert ours.url == theirs
    assert (ours.method, ours.expires_at) == ("POST", AT + 900)
    assert ours.headers == {
        "content-type": "application/dicom",
        "x-goog-content-length-range": f"0,{SIZE}",
        "x-goog-if-generation-match": "0",
        "x-goog-resumable": "start",
    }


def _resource(bucket: str, name: str) -> str:
    """As Google's client gives it to its signer (`Blob.generate_signed_url`)."""
    from google.cloud.storage.blob import _quote

    return f"/{bucket}/{_quote(name, safe=b'/~')}"


def test_a_file_goes_up_in_chunks_and_comes_back(
    signer: CloudAddressSigner, storage: ObjectServer
) -> None:
    data = bytes(range(256)) * (SIZE // 256) + b"x" * (SIZE % 256)
    signed = signer.upload("landing", NAME, len(data), "application/dicom")
    begun = HTTP.request(signed.method, signed.url, headers=dict(signed.headers))
    assert begun.status == 201, begun.data
    session = begun.headers["location"]

    first = put(session, data[:UNIT], 0, len(data))
    assert (first.status, first.headers["range"]) == (308, f"bytes=0-{UNIT - 1}")
    last = put(session, data[UNIT:], UNIT, len(data))

    assert last.status == 200
    stored = storage.objects.get("landing", NAME, Conditions())
    assert (stored.data, stored.content_type) == (data, "application/dicom")
    (url,) = signer.downloads([("landing", NAME)]).urls
    assert HTTP.request("GET", url).data == data


def put(session: str, chunk: bytes, first: int, total: int) -> urllib3.BaseHTTPResponse:
    content_range = f"bytes {first}-{first + len(chunk) - 1}/{total}"
    return HTTP.request("PUT", session, body=chunk, headers={"content-range": content_range})


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"content-type": "text/html"}, 403, "SignatureDoesNotMatch"),
        ({"x-goog-content-length-range": "0,99999999999"}, 403, "SignatureDoesNotMatch"),
        ({"x-goog-if-generation-match": "1"}, 403, "SignatureDoesNotMatch"),
        ({"x-goog-if-generation-match": None}, 400, "MalformedSecurityHeader"),
        ({"x-goog-content-length-range": None}, 400, "MalformedSecurityHeader"),
        ({"x-goog-meta-model": "another"}, 400, "MalformedSecurityHeader"),
    ],
)
def test_an_upload_is_bound_to_its_size_type_and_condition(
    signer: CloudAddressSigner, change: dict[str, str | None], status: int, code: str
) -> None:
    signed = signer.upload("landing", NAME, SIZE, "application/dicom")
    headers = {k: v for k, v in {**signed.headers, **change}.items() if v is not None}

    answer = HTTP.request(signed.method, signed.url, headers=headers)

    assert (answer.status, f"<Code>{code}</Code>" in answer.data.decode()) == (status, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/landing/", "/results/"),
        ("scan%20", "scam%20"),
        ("X-Goog-Expires=900", "X-Goog-Expires=90000"),
        ("api%40project", "other%40project"),
    ],
)
def test_an_address_that_was_changed_is_good_for_nothing(
    signer: CloudAddressSigner, old: str, new: str
) -> None:
    signed = signer.upload("landing", NAME, SIZE, "application/dicom")
    assert old in signed.url

    answer = HTTP.request(signed.method, signed.url.replace(old, new), headers=dict(signed.headers))

    assert answer.status == 403


def test_an_address_for_reading_does_not_write(signer: CloudAddressSigner) -> None:
    (url,) = signer.downloads([("landing", NAME)]).urls
    signed = signer.upload("landing", NAME, SIZE, "application/dicom")

    assert HTTP.request("DELETE", url).status == 403
    assert HTTP.request("PUT", url, body=b"x").status == 403
    assert HTTP.request("POST", url, headers={"x-goog-resumable": "start"}).status == 400
    assert HTTP.request("GET", signed.url, headers=dict(signed.headers)).status == 403


def test_after_its_time_an_address_is_refused(
    signer: CloudAddressSigner, storage: ObjectServer
) -> None:
    signed = signer.upload("landing", NAME, SIZE, "application/dicom")
    storage.xml.clock = lambda: AT + 899
    assert begin(signed).status == 201
    storage.xml.clock = lambda: AT + 900
    assert b"ExpiredToken" in begin(signed).data


def test_what_is_there_is_not_written_over(
    signer: CloudAddressSigner, storage: ObjectServer
) -> None:
    storage.objects.write("landing", NAME, b"first", "text/plain", {}, Conditions())

    assert begin(signer.upload("landing", NAME, SIZE, "application/dicom")).status == 412
    assert storage.objects.get("landing", NAME, Conditions()).data == b"first"


def test_more_bytes_than_were_announced_are_refused(signer: CloudAddressSigner) -> None:
    session = begin(signer.upload("landing", NAME, 10, "application/dicom")).headers["location"]

    answer = put(session, b"x" * 11, 0, 11)

    assert (answer.status, b"EntityTooLarge" in answer.data) == (400, True)


def begin(signed: SignedUpload) -> urllib3.BaseHTTPResponse:
    return HTTP.request(signed.method, signed.url, headers=dict(signed.headers))


def test_who_asks_again_gets_the_same_address_until_the_next_third_of_its_time(
    iam: IamServer,
) -> None:
    now = [AT - AT % 300]
    session = Session(IAM_CREDENTIALS, {"IAM_CREDENTIALS_EMULATOR_HOST": iam.address})
    signer = CloudAddressSigner(session, "https://s", ACCOUNT, 900, lambda: now[0])
    places = [("results", f"{number}.png") for number in range(20)]
    asked = len(iam.asked)

    first = signer.downloads(places)
    now[0] += 299
    again = signer.downloads(places)
    assert again == first
    assert len(set(first.urls)) == 20
    assert len(iam.asked) - asked == 20  # each was signed once
    now[0] += 1
    assert signer.downloads(places).urls != first.urls


def test_nothing_is_signed_for_where_iam_refuses(iam: IamServer) -> None:
    session = Session(IAM_CREDENTIALS, {"IAM_CREDENTIALS_EMULATOR_HOST": iam.address})
    signer = CloudAddressSigner(session, "https://s", "somebody@else", 900)

    with pytest.raises(BackendUnavailable, match="not yours to sign for"):
        signer.upload("landing", NAME, SIZE, "application/dicom")


def test_googles_own_client_uploads_in_sessions_to_the_test_server(
    storage: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the server on which the rest is tested is one that a real client understands."""
    import io

    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage as official

    client = official.Client(
        project="p",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": storage.address},
    )
    data = bytes(range(256)) * 2500  # 640,000 bytes: three chunks
    blob = client.bucket("landing").blob("cxr/a b.dcm", chunk_size=UNIT)

    blob.upload_from_file(io.BytesIO(data), content_type="application/dicom", size=len(data))

    stored = storage.objects.get("landing", "cxr/a b.dcm", Conditions())
    assert (stored.data, stored.content_type) == (data, "application/dicom")
    assert json.loads(HTTP.request("GET", f"{storage.address}/storage/v1/b/landing/o").data)
