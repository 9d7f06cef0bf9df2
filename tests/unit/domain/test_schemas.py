import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dropsight.domain.results import Result, Source
from dropsight.domain.schemas import PUBLISHED, schema_text
from dropsight.domain.wire import to_plain

pytestmark = pytest.mark.unit

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_committed_schema_is_the_one_that_the_code_makes(name: str):
    committed = (REPOSITORY / "docs" / "schemas" / f"{name}.schema.json").read_text("utf-8")
    assert committed == schema_text(PUBLISHED[name]), (
        "run: .venv/bin/python -m dropsight.domain.schemas docs/schemas"
    )


def test_a_result_document_satisfies_its_schema():
    result = Result(
        result_id="r", status="queued", source=Source(bucket="b", object="o", generation=1)
    )
    jsonschema.validate(to_plain(result), _schema("result"))


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("models/*/model.yaml")), ids=str)
def test_every_bundle_satisfies_the_schema_of_model_yaml(path: Path):
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), _schema("model"))


def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text(PUBLISHED[name]))
    return schema
