"""Uploads by address: for a file's name, a route of the caller's, and a size within the budget."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dropsight.domain.callers import Caller
from tests.unit.api.cloud_host import NOBODY, OTHERS_ADMIN, CloudHost

pytestmark = pytest.mark.unit

FILM = {"name": "scan.dcm", "route": "cxr", "size": 1000, "contentType": "application/dicom"}


@pytest.fixture
def host() -> CloudHost:
    return CloudHost()


def test_an_address_is_for_one_new_object_below_the_route(host: CloudHost):
    status, answer = host.told("POST", "/v1/uploads", FILM)

    assert status == 201
    assert re.fullmatch(r"cxr/[0-9a-f]{24}/scan\.dcm", answer["object"])
    assert answer == {
        "object": answer["object"],
        "bucket": "landing",
        "method": "POST",
        "url": f"https://signed/landing/{answer['object']}",
        "headers": {"content-type": "application/dicom", "x-size": "1000"},
        "expiresAt": 1_000_250,
    }
    assert host.told("POST", "/v1/uploads", FILM)[1]["object"] != answer["object"]


def test_a_type_need_not_be_known(host: CloudHost):
    body = {name: value for name, value in FILM.items() if name != "contentType"}
    _, answer = host.told("POST", "/v1/uploads", body)
    assert answer["headers"]["content-type"] == "application/octet-stream"


def test_names_of_all_languages_are_legal(host: CloudHost):
    for name in ("Aufnahme übers Knie (2).dcm", "胸部.dcm", "a" * 512, "..a", "%2F", "👩‍⚕️.png"):
        assert host.ask("POST", "/v1/uploads", {**FILM, "name": name}).status == 201, name


@pytest.mark.parametrize(
    ("change", "status", "code", "sentence"),
    [
        ({"name": ""}, 400, "message-invalid", "name"),
        ({"name": "x" * 513}, 400, "message-invalid", "name"),
        ({"name": "漢" * 400}, 400, "message-invalid", "bytes in UTF-8, legal are 1024"),
        ({"name": "a/b.dcm"}, 400, "message-invalid", "which is a path"),
        ({"name": "../../cells/b.dcm"}, 400, "message-invalid", "which is a path"),
        ({"name": "..\\b.dcm"}, 400, "message-invalid", "which is a path"),
        ({"name": ".."}, 400, "message-invalid", "which is a path"),
        ({"name": "."}, 400, "message-invalid", "which is a path"),
        ({"name": "a\nb.dcm"}, 400, "message-invalid", "the character U+000A"),
        ({"name": "a\x00.dcm"}, 400, "message-invalid", "the character U+0000"),
        ({"name": "a\u202egpj.exe"}, 400, "message-invalid", "the character U+202E"),
        ({"name": 5}, 400, "message-invalid", "name"),
        ({"size": 0}, 400, "message-invalid", "size"),
        ({"size": -1}, 400, "message-invalid", "size"),
        ({"size": "10"}, 400, "message-invalid", "size"),
        ({"size": 1.5}, 400, "message-invalid", "size"),
        ({"size": 1001}, 413, "budget-exceeded", "size: found 1001 bytes, at most 1000"),
        ({"contentType": "dicom"}, 400, "message-invalid", "contentType"),
        (
            {"contentType": "text/plain\r\nx-goog-acl: public-read"},
            400,
            "message-invalid",
            "ontent",
        ),
        ({"contentType": "text/plain\n"}, 400, "message-invalid", "ontent"),
        ({"contentType": "text/html; charset=utf-8"}, 400, "message-invalid", "ontent"),
        ({"route": "cats"}, 422, "no-route", "route: found 'cats', legal are cxr"),
        ({"route": ""}, 422, "no-route", "legal are cxr"),
        ({"route": "cxr/../cells"}, 422, "no-route", "legal are cxr"),
        ({"route": "old"}, 422, "no-route", "legal are cxr"),  # its model is gone
        ({"objekt": "x"}, 400, "message-invalid", "objekt"),
    ],
)
def test_what_is_not_legal_is_refused_with_a_sentence_and_nothing_is_signed(
    host: CloudHost, change: dict[str, Any], status: int, code: str, sentence: str
):
    found, answer = host.told("POST", "/v1/uploads", {**FILM, **change})

    assert (found, answer["error"]["code"]) == (status, code)
    assert sentence in answer["error"]["message"]
    assert host.signer.uploads == 0


@pytest.mark.parametrize(
    ("caller", "route", "legal"),
    [
        (OTHERS_ADMIN, "cxr", "legal are cells"),
        (NOBODY, "cxr", "legal are none: the token names no project that has one"),
        (Caller("d", projects=frozenset({"default"})), "cells", "legal are chest"),
    ],
)
def test_another_projects_route_is_none(host: CloudHost, caller: Caller, route: str, legal: str):
    host.caller = caller

    status, answer = host.told("POST", "/v1/uploads", {**FILM, "route": route})

    assert (status, answer["error"]["code"]) == (422, "no-route")
    assert answer["error"]["message"].endswith(legal)
    assert host.signer.uploads == 0


def test_uploading_is_no_reading(host: CloudHost):
    answer = host.ask("GET", "/v1/uploads")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
