"""Where an artifact that is not beside its model.yaml comes from."""

# ruff: noqa: PLC0415 - a bundle without such an artifact must not need the packages

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dropsight.domain.errors import ManifestInvalid

CLOUD = "gs:"
MLFLOW = ("models:", "runs:")


@dataclass(frozen=True)
class Fetched:
    """A copy of an artifact on this machine."""

    path: Path
    sha256: str
    """Of the bytes that arrived; see `digests.artifact_digest`."""
    origin: str
    """Where they came from, as a sentence's subject: `gs://b/o, generation 12`."""


def is_remote(reference: str) -> bool:
    """Not a path beside model.yaml."""
    return "://" in reference or reference.startswith(MLFLOW)


def fetch(reference: str, into: Path) -> Fetched:
    """Copy what `reference` names to one new file or folder, the only entry of `into`.

    Raises ManifestInvalid (no such artifact, no such scheme, packages missing),
    BackendUnavailable, OSError.
    """
    if reference.startswith(CLOUD):
        from dropsight.adapters.artifacts.bucket import fetch_from_bucket

        return fetch_from_bucket(reference, into)
    if reference.startswith(MLFLOW):
        from dropsight.adapters.artifacts.registry import fetch_from_mlflow

        return fetch_from_mlflow(reference, into)
    raise ManifestInvalid(
        f"found {reference!r}; legal are a path relative to model.yaml, gs://bucket/object, "
        "models:/name/version, models:/name@alias and runs:/id/path"
    )
