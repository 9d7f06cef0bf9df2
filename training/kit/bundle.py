"""Writing the files of a bundle, and what is asked of all of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dropsight.domain.manifests import Manifest, load_manifest

LARGEST = 25_000_000
"""Bytes of a bundle, all its files together."""


def sha256_of(path: Path) -> str:
    """Of the file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_bundle(folder: Path) -> Manifest:
    """The manifest of a finished bundle. Raises ManifestInvalid, or ValueError with the reason."""
    manifest = load_manifest(folder)
    artifact = folder / manifest.artifact.path
    if artifact.is_file() and sha256_of(artifact) != manifest.artifact.sha256:
        raise ValueError(f"{artifact}: its SHA-256 is not the one in model.yaml")
    if not (folder / "MODEL_CARD.md").is_file():
        raise ValueError(f"{folder}: MODEL_CARD.md is missing")
    total = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    if total > LARGEST:
        raise ValueError(f"{folder}: {total} bytes, legal are at most {LARGEST}")
    return manifest
