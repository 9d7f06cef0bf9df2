"""The OpenAPI document: committed as the code makes it, valid, complete, and readable offline."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import re
from pathlib import Path

import pytest
from starlette.routing import Route

from dropsight.adapters.backend import open_backend
from dropsight.api.container_operations import CONTAINER_ONLY, PASSED_ON
from dropsight.api.docs_page import POLICY, page
from dropsight.api.openapi import RECORDED, document, document_text
from dropsight.api.operations import Operation
from dropsight.api.result_operations import OPERATIONS
from dropsight.settings import Settings
from dropsight_inference.app import create_app
from tests.requirements_check import require

pytestmark = pytest.mark.unit

REPOSITORY = Path(__file__).parents[3]


def test_the_committed_document_is_the_one_that_the_code_makes():
    committed = (REPOSITORY / "docs" / "openapi.json").read_text("utf-8")
    assert committed == document_text(), (
        "run: .venv/bin/python -m dropsight.api.openapi docs/openapi.json"
    )


def test_the_document_is_valid_openapi():
    require(
        importlib.util.find_spec("openapi_spec_validator"),
        "openapi-spec-validator is not installed (requirements/test.in)",
    )
    from openapi_spec_validator import OpenAPIV31SpecValidator

    assert [
        str(error) for error in OpenAPIV31SpecValidator(json.loads(document_text())).iter_errors()
    ] == []


def test_every_endpoint_of_the_container_is_described_and_no_other(tmp_path: Path):
    app = create_app(Settings(root=tmp_path), open_backend(Settings(root=tmp_path)), {})
    served = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert {(one.method, one.path) for one in (*PASSED_ON, *CONTAINER_ONLY)} == served


def test_every_reference_leads_to_a_schema():
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document())))

    assert used <= set(document()["components"]["schemas"])
    assert {"Result", "ResultPage", "Deletion", "ErrorBody"} <= used


def test_every_error_is_documented_with_the_shape_that_all_share():
    for path, item in document()["paths"].items():
        for operation in (item[one] for one in ("get", "post", "delete") if one in item):
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and path != "/readyz":
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorBody"}, (path, status)


def test_every_example_was_recorded_with_the_status_that_it_promises():
    recorded = json.loads(RECORDED.read_text("utf-8"))["answers"]
    promised = {
        operation.name: {one.title: one.status for one in operation.examples}
        for operation in every_operation()
        if operation.examples
    }

    assert {
        name: {title: one["status"] for title, one in titles.items()}
        for name, titles in recorded.items()
    } == promised, "run: .venv/bin/python -m tests.e2e.record_examples"


def test_the_page_shows_every_operation_and_loads_nothing():
    shown = page()

    for operation in every_operation():
        assert f'id="{operation.name}"' in shown
        for example in operation.examples:
            assert example.title in shown.replace("&#x27;", "'")
    assert "<script" not in shown
    assert re.findall(r'(?:src|href)="(?!#|/v1/)[^"]*"', shown) == []
    assert "@import" not in shown
    assert "url(" not in shown
    assert POLICY.startswith("default-src 'none'")
    (style,) = re.findall(r"<style>(.*?)</style>", shown, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in POLICY


def every_operation() -> tuple[Operation, ...]:
    return (*PASSED_ON, *OPERATIONS, *CONTAINER_ONLY)
