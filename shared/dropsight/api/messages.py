"""What a web framework is told and tells: the page server and the Cloud Function translate it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

JSON = "application/json"
NEVER_KEPT = {"cache-control": "no-store"}
"""Results are health data: no cache on the way keeps them."""
LONGEST_BODY = 64 * 1024
"""Bytes: bodies are short JSON, files go elsewhere."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """Decoded, from the root: `/v1/results/abc`."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    remote: str = ""
    """Address of the caller as the socket knows it."""
    body: bytes = b""
    """At most one byte more than LONGEST_BODY of it."""


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=lambda: NEVER_KEPT)
