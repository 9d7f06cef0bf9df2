"""Firestore's typed values, so that web clients read ordinary fields.

https://firebase.google.com/docs/firestore/reference/rest/v1/Value
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_SCALARS = {
    type(None): "nullValue",
    bool: "booleanValue",
    float: "doubleValue",
    str: "stringValue",
}


def to_fields(plain: Mapping[str, Any]) -> dict[str, Any]:
    """JSON-like builtins and times (aware), checked by `check_document`, to typed values.

    {"frames": 2, "score": 0.5} -> {"frames": {"integerValue": "2"}, "score": {"doubleValue": 0.5}}
    """
    return {name: _to_value(one) for name, one in plain.items()}


def from_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Inverse of `to_fields`: integers stay int, doubles float even where they are whole."""
    return {name: _from_value(one) for name, one in fields.items()}


def _to_value(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {"mapValue": {"fields": to_fields(value)}}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_to_value(one) for one in value]}}
    if isinstance(value, datetime):
        return {"timestampValue": value.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"integerValue": str(value)}
    return {_SCALARS[type(value)]: value}


def _from_value(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "integerValue":
            return int(content)
        case "doubleValue":
            return float(content)  # JSON writes 1.0 as 1
        case "timestampValue":
            return datetime.fromisoformat(content)  # nanoseconds are cut to microseconds
        case "mapValue":
            return from_fields(content.get("fields", {}))
        case "arrayValue":
            return [_from_value(one) for one in content.get("values", ())]
        case _:
            return content
