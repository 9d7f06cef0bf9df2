"""Around the work that a lease was taken for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from dropsight.domain.errors import PermanentError, TransientError
from dropsight.domain.progress import release
from dropsight.ports import ResultStore


@contextmanager
def given_back(results: ResultStore, result_id: str, stage: str, owner: str) -> Iterator[None]:
    """Give the lease back where the work breaks off, so that the next delivery need not wait.

    A PermanentError keeps it: the result is about to be settled. Where the store does not answer
    either, the lease runs out by itself.
    """
    try:
        yield
    except PermanentError:
        raise
    except BaseException:
        with contextlib.suppress(TransientError, KeyError):
            results.update(result_id, lambda result: release(result, stage, owner))
        raise
