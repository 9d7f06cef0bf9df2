"""What may stand in a query, and the sentence where it may not."""

from __future__ import annotations

import pytest

from dropsight.api.parameters import (
    choice,
    moment,
    names,
    read_query,
    share,
    text,
    whole_number,
    yes,
)
from dropsight.domain.errors import MessageInvalid

pytestmark = pytest.mark.unit

PARAMETERS = (
    text("model", ""),
    choice("status", "", ("queued", "failed")),
    whole_number("limit", "", 1, 500, 50),
    share("iou", ""),
    names("labels", ""),
    yes("source", ""),
    moment("from", ""),
)


def test_what_is_not_given_has_its_default():
    assert read_query({}, PARAMETERS) == {
        "model": None,
        "status": None,
        "limit": 50,
        "iou": None,
        "labels": None,
        "source": False,
        "from": None,
    }


@pytest.mark.parametrize(
    ("name", "found", "value"),
    [
        ("limit", "500", 500),
        ("iou", "0", 0.0),
        ("iou", "1.0", 1.0),
        ("labels", "a,b", ["a", "b"]),
        ("labels", "a,", ["a"]),
        ("source", "true", True),
        ("from", "1970-01-02", 86400.0),
        ("from", "1970-01-01T00:01:00Z", 60.0),
        ("from", "1970-01-01T01:01:00+01:00", 60.0),
        ("from", "1970-01-01T01:01:00 01:00", 60.0),  # a plus sign that nobody escaped
        ("from", "1970-01-01T00:00:00.25", 0.25),
    ],
)
def test_legal_values_are_read(name: str, found: str, value: object):
    assert read_query({name: found}, PARAMETERS)[name] == value


@pytest.mark.parametrize(
    ("name", "found", "sentence"),
    [
        ("model", "", "model: found nothing"),
        ("status", "done", "status: found 'done', legal are queued, failed"),
        ("limit", "0", "limit: found '0', legal are whole numbers from 1 to 500"),
        ("limit", "501", "legal are whole numbers from 1 to 500"),
        ("limit", "9" * 5000, "legal are whole numbers from 1 to 500"),
        ("limit", "٣", "legal are whole numbers"),
        ("limit", "1.5", "legal are whole numbers"),
        ("iou", "nan", "iou: found 'nan', legal are 0 to 1"),
        ("iou", "-0.1", "legal are 0 to 1"),
        ("iou", "half", "legal are 0 to 1"),
        ("labels", ",", "labels: found none"),
        ("source", "yes", "source: found 'yes', legal are true, false"),
        ("from", "yesterday", "from: found 'yesterday', legal are dates such as 2026-11-20"),
        ("from", "2026-13-01", "legal are dates"),
        ("colour", "red", "found parameter 'colour', legal are model, status, limit, iou"),
    ],
)
def test_anything_else_is_refused_by_its_name(name: str, found: str, sentence: str):
    with pytest.raises(MessageInvalid) as refused:
        read_query({name: found}, PARAMETERS)
    assert sentence in str(refused.value)
