"""Typed values, as on the page that defines them."""

from __future__ import annotations

from typing import Any

import pytest

from dropsight.adapters.document_limits import NAME_BYTES, check_document
from dropsight.adapters.gcp.values import from_fields, to_fields
from dropsight.domain.errors import MessageInvalid

pytestmark = pytest.mark.contract


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        (None, {"nullValue": None}),
        (True, {"booleanValue": True}),
        (1, {"integerValue": "1"}),
        (-(2**63), {"integerValue": "-9223372036854775808"}),
        (0.5, {"doubleValue": 0.5}),
        ("ü", {"stringValue": "ü"}),
        ({"a": 1}, {"mapValue": {"fields": {"a": {"integerValue": "1"}}}}),
        ([1, "a"], {"arrayValue": {"values": [{"integerValue": "1"}, {"stringValue": "a"}]}}),
    ],
)
def test_each_kind_has_its_type_and_comes_back(value: Any, typed: dict[str, Any]) -> None:
    assert to_fields({"x": value}) == {"x": typed}
    assert from_fields({"x": typed}) == {"x": value}
    assert type(from_fields({"x": typed})["x"]) is type(value)


def test_a_whole_double_stays_a_float() -> None:
    assert type(from_fields({"x": {"doubleValue": 1}})["x"]) is float


def test_empty_maps_and_arrays_come_back_though_firestore_leaves_their_content_out() -> None:
    assert from_fields({"m": {"mapValue": {}}, "a": {"arrayValue": {}}}) == {"m": {}, "a": []}


def test_the_size_of_a_document_is_counted_as_firestore_counts() -> None:
    # "a" and "text": 2 + 5 bytes; number 8, text 3 + 1, in all 7 + 12 = 19
    head = NAME_BYTES + 19
    check_document({"a": 1.5, "text": "x" * (1_048_576 - head + 3)}, "r1")

    with pytest.raises(MessageInvalid, match="document r1: 1048577 bytes, legal are 1048576"):
        check_document({"a": 1.5, "text": "x" * (1_048_576 - head + 4)}, "r1")
