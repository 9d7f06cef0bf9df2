"""The documented requests that only the cloud answers are answered as it is documented."""

from __future__ import annotations

import json

import jsonschema
import pytest

from dropsight.api.openapi import document
from tests.cloud_exchanges import cloud_exchanges

pytestmark = pytest.mark.integration


def test_each_ends_with_its_status_and_satisfies_its_schema() -> None:
    described, sent = document(), 0
    with cloud_exchanges() as exchanged:
        for operation, example, answer in exchanged:
            assert answer.status == example.status, answer.body
            told = described["paths"][operation.path][operation.method.lower()]
            schema = told["responses"][str(answer.status)]["content"]["application/json"]["schema"]
            whole = {**schema, "components": described["components"]}
            jsonschema.Draft202012Validator(whole).validate(json.loads(answer.body))
            sent += 1
    assert sent >= 2
