"""JSON Schemas of everything that crosses a process boundary, made from the records themselves.

`python -m dropsight.domain.schemas docs/schemas` writes them; a test refuses a committed schema
that differs from the code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec

from dropsight.domain.events import (
    DeadLetter,
    ExplanationRequested,
    ObjectFinalized,
    PredictionRequested,
)
from dropsight.domain.feedback import Feedback
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Result
from dropsight.domain.wire import Record

PUBLISHED: dict[str, type[Record]] = {
    "dead-letter": DeadLetter,
    "explanation-requested": ExplanationRequested,
    "feedback": Feedback,
    "model": Manifest,
    "object-finalized": ObjectFinalized,
    "prediction-requested": PredictionRequested,
    "result": Result,
}


def schema_text(kind: type[Record]) -> str:
    """JSON Schema (2020-12) of `kind`, indented, ending in a newline."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(schema | msgspec.json.schema(kind), indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in PUBLISHED.items():
        (folder / f"{name}.schema.json").write_text(schema_text(kind), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
