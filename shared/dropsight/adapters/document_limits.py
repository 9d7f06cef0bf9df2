"""What Firestore refuses, refused by every store: a document that works on a laptop works there.

https://firebase.google.com/docs/firestore/quotas and …/storage-size
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from dropsight.domain.errors import MessageInvalid

MAX_DOCUMENT_BYTES = 1_048_576
"""Firestore's 1 MiB."""
NAME_BYTES = 256
"""Allowance for the document's own name and the 32 bytes that Firestore adds."""


def check_document(plain: dict[str, Any], key: str) -> None:
    """`plain`: JSON-like builtins and times. Raises MessageInvalid, naming the document by `key`.

    Refused are documents over 1 MiB, numbers that are not finite (JSON has none) or not 64-bit,
    text that is not Unicode, and a list directly inside a list.
    """
    size = NAME_BYTES + _size(plain, key)
    if size > MAX_DOCUMENT_BYTES:
        raise MessageInvalid(
            f"document {key}: {size} bytes, legal are {MAX_DOCUMENT_BYTES}; "
            "write the largest part to the results bucket and refer to it"
        )


def _size(value: Any, path: str) -> int:
    """Bytes as Firestore counts them."""
    match value:
        case None | bool():
            return 1
        case float() | datetime():
            if isinstance(value, float) and not math.isfinite(value):
                raise MessageInvalid(f"document {path}: found {value}, legal are finite numbers")
            return 8
        case int():
            if not -(2**63) <= value < 2**63:
                raise MessageInvalid(f"document {path}: found {value}, legal are 64-bit integers")
            return 8
        case str():
            return _text(value, path)
        case dict():
            return sum(
                _text(name, path) + _size(one, f"{path}.{name}") for name, one in value.items()
            )
        case list() | tuple():
            for one in value:
                if isinstance(one, list | tuple):
                    raise MessageInvalid(
                        f"document {path}: a list directly inside a list, which Firestore has not; "
                        "put an object between them"
                    )
            return sum(_size(one, path) for one in value)
    raise MessageInvalid(f"document {path}: found {type(value).__name__}, which JSON has not")


def _text(value: str, path: str) -> int:
    try:
        return len(value.encode()) + 1
    except UnicodeEncodeError as error:
        raise MessageInvalid(
            f"document {path}: text that is not Unicode ({error.reason})"
        ) from error
