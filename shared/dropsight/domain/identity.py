"""Who is who: the same upload for the same model is always the same result."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

NO_MODEL = "none"


def digest(value: Any) -> str:
    """Lower-case hex SHA-256 of `value` as canonical JSON (sorted keys, no spaces, UTF-8)."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def result_id(
    bucket: str, name: str, generation: int, model_digest: str, explanation_digest: str
) -> str:
    """26 lower-case base32 characters (130 bits) of SHA-256 over what makes a result.

    Hashed as a canonical JSON array, so that no two tuples share an encoding. A new generation,
    another model version or another explanation setting is another result.
    """
    key = json.dumps(
        [bucket, name, int(generation), model_digest, explanation_digest],
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return base64.b32encode(hashlib.sha256(key.encode()).digest()).decode().lower()[:26]
