"""Artifacts on this machine, each under its own SHA-256:

    <cache>/<sha256>/<name of the file or folder>

A name that moves (an alias, an object that is overwritten) cannot change what lies there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from dropsight.adapters.artifacts.digests import PYTHON_CACHE, artifact_digest
from dropsight.adapters.artifacts.sources import fetch
from dropsight.adapters.embedded.file_lock import exclusive
from dropsight.domain.errors import ManifestInvalid


def cached(reference: str, sha256: str, cache: Path) -> Path:
    """The artifact with this digest: from the cache, or else fetched from `reference`, once.

    Checked each time. Of several processes that start together one fetches, the others wait for
    it. Raises ManifestInvalid (other bytes, nothing there, no room), BackendUnavailable.
    """
    folder = cache.expanduser()
    kept = folder / sha256
    try:
        found = _checked(kept, sha256)
        if found is not None:
            return found
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / f"{sha256}.lock"):
            return _checked(kept, sha256) or _fetch_into(kept, reference, sha256)
    except OSError as error:
        raise ManifestInvalid(
            f"{reference}: cannot be kept in {folder} ({error.strerror}); make room or rights "
            "there, or name another folder with DROPSIGHT_MODEL_CACHE"
        ) from error


def _checked(kept: Path, sha256: str) -> Path | None:
    """What lies there, if it is whole. A copy that was damaged on the disk is none."""
    if not kept.is_dir():
        return None
    entries = [path for path in kept.iterdir() if path.name != PYTHON_CACHE]
    if len(entries) != 1 or artifact_digest(entries[0]) != sha256:
        return None
    return entries[0]


def _fetch_into(kept: Path, reference: str, sha256: str) -> Path:
    """Under the lock: to a folder of its own first, so that what has the digest's name is whole."""
    part = kept.with_name(f"{sha256}.part")
    for leftover in (part, kept):  # of a process that was killed; a damaged copy
        if leftover.exists():
            shutil.rmtree(leftover)
    part.mkdir()
    try:
        fetched = fetch(reference, part)
        if fetched.sha256 != sha256:
            raise ManifestInvalid(
                f"{fetched.origin}, has SHA-256 {fetched.sha256}, but artifact.sha256 says "
                f"{sha256}. A name may have come to mean other bytes: an alias that was moved, an "
                "object that was written again. Name a version that has these bytes, or, if the "
                "new ones are meant, state their digest and a new version of the model"
            )
        part.rename(kept)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return kept / fetched.path.name
