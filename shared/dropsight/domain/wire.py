"""How a record looks outside Python: JSON with lowerCamelCase names.

Unknown fields are ignored (a newer sender may add some); missing or ill-typed ones are refused
with a sentence that names the field, what was found and what is legal.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

from dropsight.domain.errors import MessageInvalid

T = TypeVar("T", bound="Record")
K = TypeVar("K")


class Record(msgspec.Struct, rename="camel", kw_only=True, frozen=True, omit_defaults=False):
    """Base of everything that crosses a process boundary. Immutable; snake_case in Python.

    msgspec does not inherit `kw_only`, so each class says it again.
    """


_describing = threading.Lock()
_described: set[Any] = set()


def described(kind: type[K]) -> type[K]:
    """`kind`, safe to decode by many threads; every decoding goes through here.

    msgspec (0.22) describes a type to itself when it first decodes one, and two threads that do so
    at once crash the process. So one thread does it, before any other may decode.
    """
    if kind not in _described:
        with _describing:
            msgspec.json.Decoder(kind)
            _described.add(kind)
    return kind


def encode(record: Record) -> bytes:
    """UTF-8 JSON of `record`, fields in declared order."""
    return msgspec.json.encode(record)


def decode(data: bytes | str, kind: type[T]) -> T:
    """Read `kind` from JSON. Raises MessageInvalid, naming the field at fault."""
    try:
        return msgspec.json.decode(data, type=described(kind))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MessageInvalid(f"not a {kind.__name__} message: {error}") from error


def to_plain(record: Record) -> dict[str, Any]:
    """`record` as JSON-like builtins with lowerCamelCase keys, as stored in Firestore."""
    plain: dict[str, Any] = msgspec.to_builtins(record)
    return plain


def from_plain(plain: Any, kind: type[T]) -> T:
    """Inverse of `to_plain`. Raises MessageInvalid."""
    try:
        return msgspec.convert(plain, described(kind))
    except msgspec.ValidationError as error:
        raise MessageInvalid(f"not a {kind.__name__} record: {error}") from error


replace = msgspec.structs.replace
