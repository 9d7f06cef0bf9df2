"""Artifacts in Cloud Storage: one object, or everything below a prefix as a folder."""

# ruff: noqa: PLC0415 - google-auth and urllib3 are needed here alone

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dropsight.adapters.artifacts.digests import digest_of_files
from dropsight.adapters.artifacts.sources import Fetched
from dropsight.domain.errors import ManifestInvalid, ObjectGone

if TYPE_CHECKING:
    from dropsight.adapters.gcp.objects import CloudObjectStore
    from dropsight.ports import ObjectInfo

SCHEME = "gs://"


def fetch_from_bucket(reference: str, into: Path) -> Fetched:
    """`gs://bucket/object`, or `gs://bucket/prefix` where objects lie below `prefix/`.

    Written in pieces and hashed on the way. Against an emulator where STORAGE_EMULATOR_HOST is set.
    Raises as `sources.fetch` does.
    """
    bucket, _, name = reference.removeprefix(SCHEME).partition("/")
    name = name.rstrip("/")
    if not reference.startswith(SCHEME) or not bucket or not name:
        raise ManifestInvalid(f"found {reference!r}; legal is gs://bucket/object")
    store = _store()
    target = into / _safe(name.rpartition("/")[2], reference)
    if not reference.endswith("/"):
        try:
            info = store.stat(bucket, name)
        except ObjectGone:
            pass  # then it is the name of a folder, or wrong
        else:
            sha256 = _write(store, info, target)
            return Fetched(target, sha256, f"{reference}, generation {info.generation}")
    digests = {}
    for info, relative in _below(store, bucket, f"{name}/"):
        path = target / _safe(relative, reference)
        path.parent.mkdir(parents=True, exist_ok=True)
        digests[relative] = _write(store, info, path)
    if not digests:
        raise ManifestInvalid(
            f"{reference}: found no such object, and none below {name}/; legal is the name of an "
            "object, or of a folder that holds some"
        )
    return Fetched(target, digest_of_files(digests), f"{reference}, {len(digests)} objects")


def _store() -> CloudObjectStore:
    try:
        from dropsight.adapters.gcp.objects import CloudObjectStore
        from dropsight.adapters.gcp.session import STORAGE, Session
    except ImportError as error:
        raise ManifestInvalid(
            f"gs:// needs packages that are missing here ({error}); pip install 'dropsight[gcp]'"
        ) from error
    return CloudObjectStore(Session(STORAGE))


def _below(store: CloudObjectStore, bucket: str, prefix: str) -> Iterator[tuple[ObjectInfo, str]]:
    """Objects and their names below `prefix`; not those that stand for a folder."""
    for info in store.list(bucket, prefix):
        if not info.name.endswith("/"):
            yield info, info.name.removeprefix(prefix)


def _write(store: CloudObjectStore, info: ObjectInfo, path: Path) -> str:
    """Write exactly this version to `path`; its SHA-256."""
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for piece in store.read_pieces(info):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _safe(name: str, reference: str) -> str:
    """Names in a bucket may be anything; here each one must stay within its folder."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or name.startswith("/") or "\\" in name or "\0" in name:
        raise ManifestInvalid(f"{reference}: found an object {name!r}, which is no file name")
    return name
