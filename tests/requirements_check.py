"""What a test needs of the machine: absent on somebody's laptop it is skipped, in CI it fails."""

from __future__ import annotations

import os

import pytest


def require(present: object, reason: str, *, whole_module: bool = False) -> None:
    """Skip the test with `reason` unless `present`; fail it where CI=true promises everything.

    `whole_module` is for the top of a test file, before it imports what may be absent.
    """
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason, allow_module_level=whole_module)
