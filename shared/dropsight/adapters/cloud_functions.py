"""What an error means to the platform that called a Cloud Function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.exceptions import ServiceUnavailable

from dropsight.domain.errors import TransientError


@contextmanager
def delivered_again() -> Iterator[None]:
    """A TransientError becomes 503 with Retry-After: not acknowledged, so it comes back."""
    try:
        yield
    except TransientError as error:
        raise ServiceUnavailable(
            str(error), retry_after=round(error.retry_after_s + 0.5)
        ) from error
