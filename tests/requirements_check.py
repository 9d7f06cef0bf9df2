"""What a test needs of the machine: absent on somebody's laptop it is skipped, in CI it fails."""

from __future__ import annotations

import os

import pytest


def require(present: object, reason: str) -> None:
    """Skip the test with `reason` unless `present`; fail it where CI=true promises everything."""
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)
