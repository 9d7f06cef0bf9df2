"""Parameters of a query: how each is read, and how the OpenAPI document shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dropsight.domain.errors import MessageInvalid


@dataclass(frozen=True)
class Parameter:
    name: str
    description: str
    schema: Mapping[str, Any]
    """JSON Schema."""
    read: Callable[[str, str], Any] = field(repr=False)
    """Of name and text. Raises MessageInvalid."""
    default: Any = None


def read_query(query: Mapping[str, str], parameters: Sequence[Parameter]) -> dict[str, Any]:
    """A value for each of `parameters`, by name.

    Raises MessageInvalid for a value that is not legal, and for a name that is none of theirs: a
    filter that is misspelled and ignored would give a wrong answer.
    """
    known = {one.name: one for one in parameters}
    for name in query:
        if name not in known:
            legal = ", ".join(known) or "none at all"
            raise MessageInvalid(f"query: found parameter {name[:40]!r}, legal are {legal}")
    return {
        name: one.read(name, query[name]) if name in query else one.default
        for name, one in known.items()
    }


def text(name: str, description: str) -> Parameter:
    def read(name: str, found: str) -> str:
        if not found:
            raise MessageInvalid(f"{name}: found nothing; give it a value or leave it out")
        return found

    return Parameter(name, description, {"type": "string", "minLength": 1}, read)


def choice(
    name: str, description: str, legal: Sequence[str], default: str | None = None
) -> Parameter:
    def read(name: str, found: str) -> str:
        if found not in legal:
            raise MessageInvalid(f"{name}: found {found[:40]!r}, legal are {', '.join(legal)}")
        return found

    schema = {"type": "string", "enum": list(legal)}
    return Parameter(name, description, _with_default(schema, default), read, default)


def whole_number(name: str, description: str, least: int, most: int, default: int) -> Parameter:
    def read(name: str, found: str) -> int:
        if not (found.isascii() and found.isdigit() and least <= int(found[:10]) <= most):
            raise MessageInvalid(
                f"{name}: found {found[:40]!r}, legal are whole numbers from {least} to {most}"
            )
        return int(found)

    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(name, description, _with_default(schema, default), read, default)


def share(name: str, description: str) -> Parameter:
    def read(name: str, found: str) -> float:
        try:
            value = float(found)
        except ValueError:
            value = math.nan
        if not 0.0 <= value <= 1.0:
            raise MessageInvalid(f"{name}: found {found[:40]!r}, legal are 0 to 1")
        return value

    return Parameter(name, description, {"type": "number", "minimum": 0, "maximum": 1}, read)


def names(name: str, description: str) -> Parameter:
    """Separated by commas."""

    def read(name: str, found: str) -> list[str]:
        given = [one for one in found.split(",") if one]
        if not given:
            raise MessageInvalid(f"{name}: found none; legal are ids separated by commas, as a,b")
        return given

    return Parameter(name, description, {"type": "string", "minLength": 1}, read)


def yes(name: str, description: str) -> Parameter:
    def read(name: str, found: str) -> bool:
        if found not in ("true", "false"):
            raise MessageInvalid(f"{name}: found {found[:40]!r}, legal are true, false")
        return found == "true"

    return Parameter(name, description, {"type": "boolean", "default": False}, read, default=False)


def moment(name: str, description: str) -> Parameter:
    """RFC 3339, or a date, which begins at midnight; UTC where no offset is given."""
    schema = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
    return Parameter(name, description, schema, read_moment)


def read_moment(name: str, found: str) -> float:
    """Seconds since the epoch. Raises MessageInvalid."""
    try:
        # A plus sign in a query that nobody escaped arrives as a space.
        given = datetime.fromisoformat(found.strip().replace(" ", "+"))
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise MessageInvalid(
            f"{name}: found {found[:40]!r}, legal are dates such as 2026-11-20 and times such as "
            "2026-11-20T08:30:00Z"
        ) from error


def _with_default(schema: dict[str, Any], default: Any) -> dict[str, Any]:
    return schema if default is None else {**schema, "default": default}
