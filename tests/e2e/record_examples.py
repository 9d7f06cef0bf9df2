"""`python -m tests.e2e.record_examples`: records the answers that the API's documentation shows.

A real `dropsight up` with the shipped models gets real files; what it answers is written to
`shared/dropsight/api/examples.json`, and beside it what the API of the cloud answers where a laptop
has nothing (`tests/cloud_exchanges.py`). Then write the document anew:
`python -m dropsight.api.openapi docs/openapi.json`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from dropsight.api.openapi import RECORDED
from tests.cloud_exchanges import cloud_exchanges
from tests.e2e.documented_requests import REPOSITORY, add_module, exchanges, fill
from tests.e2e.laptop import Laptop

MODEL = "cxr-pneumonia"
LONGEST_TEXT = 200
"""Characters; pictures in base64 and model cards are cut, and end with `…`."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        laptop = Laptop(Path(folder), MODEL)
        shutil.rmtree(laptop.models)
        shutil.copytree(REPOSITORY / "models" / MODEL, laptop.models / MODEL)
        add_module(laptop.models)
        try:
            laptop.up()
            ids = fill(laptop)
            answers = record(laptop, ids)
        finally:
            laptop.close()
    text = json.dumps({"ids": ids, "answers": answers}, indent=1, ensure_ascii=False) + "\n"
    RECORDED.write_text(text, encoding="utf-8")


def record(laptop: Laptop, ids: dict[str, str]) -> dict[str, Any]:
    """By operation and title: status, and the body where it is JSON or CSV."""
    answers: dict[str, Any] = {}
    for one in exchanges(laptop, ids):
        assert one.answer.status == one.example.status, (one.example, one.answer.data)
        kind = one.answer.headers.get("content-type", "")
        recorded: dict[str, Any] = {"status": one.answer.status}
        if kind.startswith("application/json"):
            recorded["body"] = shortened(json.loads(one.answer.data))
        elif kind.startswith("text/csv"):
            recorded["body"] = one.answer.data.decode()
        answers.setdefault(one.operation.name, {})[one.example.title] = recorded
    with cloud_exchanges() as exchanged:
        for operation, example, answer in exchanged:
            assert answer.status == example.status, (example, answer.body)
            body = shortened(json.loads(answer.body))
            told = answers.setdefault(operation.name, {})
            told[example.title] = {"status": answer.status, "body": body}
    return answers


def shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shortened(one) for one in value]
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}…"
    return value


if __name__ == "__main__":
    main()
