"""Every request that the API's documentation shows is sent to a running laptop, and its answer held
against the schema that the documentation promises for it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dropsight.api.openapi import document
from dropsight.domain.exports import CSV_COLUMNS, LABEL_COLUMNS
from tests.e2e.documented_requests import Exchange, add_module, exchanges, fill
from tests.e2e.laptop import Laptop

pytestmark = pytest.mark.e2e

MODEL = "cxr-pneumonia"
"""The examples call the shipped model; here a tiny one answers to its name."""


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Exchange]]:
    laptop = Laptop(tmp_path_factory.mktemp("documented"), MODEL)
    add_module(laptop.models)
    try:
        laptop.up()
        yield list(exchanges(laptop, fill(laptop)))
    finally:
        laptop.close()


def test_every_documented_request_ends_with_its_documented_status(sent: list[Exchange]):
    told = [f"{one.operation.name}: {one.example.title}: {one.answer.data[:300]!r}" for one in sent]

    assert len(sent) >= 20
    assert [one.answer.status for one in sent] == [one.example.status for one in sent], told


def test_every_answer_satisfies_its_schema(sent: list[Exchange]):
    described = document()
    checked = 0
    for one in sent:
        operation = described["paths"][one.operation.path][one.operation.method.lower()]
        content = operation["responses"][str(one.answer.status)]["content"]
        ((media_type, promised),) = content.items()
        kind = one.answer.headers["content-type"].partition(";")[0]
        assert kind == media_type, one.example
        if kind == "application/json":
            # References lead into the whole document, as OpenAPI means them.
            schema = {**promised["schema"], "components": described["components"]}
            validator = jsonschema.Draft202012Validator(schema)
            faults = [error.message for error in validator.iter_errors(json.loads(one.answer.data))]
            assert faults == [], one.example
            checked += 1
    assert checked >= 15


def test_no_answer_has_a_field_that_its_schema_does_not_tell_of(sent: list[Exchange]):
    components = document()["components"]["schemas"]
    known = {
        "listResults": components["ResultPage"],
        "readResult": {
            "properties": {**components["Result"]["properties"], "overlays": {}},
        },
        "deleteResult": components["Deletion"],
        "listModels": components["ServedModels"],
        "readModel": components["ModelDescription"],
    }
    for one in sent:
        if one.operation.name in known and one.answer.status == 200:
            told = set(known[one.operation.name]["properties"])
            assert set(json.loads(one.answer.data)) <= told, one.example


def test_the_tables_have_the_columns_that_their_reader_expects(sent: list[Exchange]):
    tables = {one.example.title: rows(one) for one in sent if one.operation.name == "exportCsv"}

    assert tuple(tables["The labels of a film"][0]) == LABEL_COLUMNS
    assert len(tables["The labels of a film"]) == 1 + 3
    assert tuple(tables["Objects, at a confidence"][0]) == CSV_COLUMNS
    assert len(tables["Objects, at a confidence"]) == 1 + 3


def test_the_picture_is_a_picture_and_the_deletion_removed_some(sent: list[Exchange]):
    answers: dict[str, Any] = {one.example.title: one.answer for one in sent}

    assert answers["The film without an overlay"].data.startswith(b"\x89PNG")
    first = json.loads(answers["A film that is no longer needed"].data)
    again = json.loads(answers["Once more, and its upload"].data)
    assert first["objects"] >= 2  # the frame and the picture at least
    assert (again["objects"], again["source"]) == (0, True)


def rows(exchange: Exchange) -> list[list[str]]:
    if exchange.answer.status != 200:
        return []
    return list(csv.reader(io.StringIO(exchange.answer.data.decode())))


def test_the_documents_page_is_where_the_readme_says():
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")

    assert "http://127.0.0.1:8080/v1/docs" in readme
