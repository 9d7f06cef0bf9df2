"""Buckets as folders: what Cloud Storage promises, on a laptop's file system."""

from __future__ import annotations

import os
import stat
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from dropsight.adapters.embedded.descriptions import Description, Descriptions
from dropsight.adapters.embedded.file_lock import exclusive
from dropsight.adapters.embedded.object_names import check_name, fault_of, walk
from dropsight.domain.errors import (
    BackendUnavailable,
    MessageInvalid,
    ObjectGone,
    PreconditionFailed,
)
from dropsight.ports import ObjectInfo

UPLOADS = ".uploads"
"""Folder in each bucket for versions that are not whole yet: same file system, never listed."""
ABANDONED_S = 3600.0
"""A file in `UPLOADS` that is older than this was left by a killed writer."""


class FolderObjectStore:
    """A folder for each bucket; whoever copies a file into it has uploaded an object.

    The generation of an object is its file's modification time in microseconds, the unit that
    Cloud Storage uses, so files that were merely copied in have one too. Our own writes keep it
    growing even where the clock stands still or goes back. People who copy over a file can't be
    kept from writing at the same moment as we do; among writers that use this class, in any
    process, preconditions are exact.

    Writes are not synced to the disk: they survive the death of any process, not a power cut.
    """

    def __init__(self, buckets: Mapping[str, Path], state: Path) -> None:
        """`state`: a folder outside of the buckets for locks, content types and metadata."""
        self._buckets = dict(buckets)
        self._state = state
        self._descriptions = Descriptions(state / "objects.db")
        for folder in self._buckets.values():
            uploads = folder / UPLOADS
            uploads.mkdir(parents=True, exist_ok=True)
            for left in uploads.iterdir():
                with suppress(FileNotFoundError):  # another process sweeps, or has just published
                    if left.stat().st_mtime < time.time() - ABANDONED_S:
                        left.unlink()

    def stat(self, bucket: str, name: str, generation: int | None = None) -> ObjectInfo:
        """Raises ObjectGone, MessageInvalid for a name that no object can have."""
        path = self._path(bucket, name)
        with _os_errors(bucket, name):
            found = _live(bucket, name, generation, _file(path))
        return _info(bucket, name, found, self._descriptions.get(bucket, name, _age(found)))

    def read(self, bucket: str, name: str, generation: int | None = None) -> bytes:
        """Whole content of exactly the generation asked for. Raises as `stat` does.

        Someone may be copying over the very file that is read, so it is looked at again afterwards.
        """
        path = self._path(bucket, name)
        with _os_errors(bucket, name):
            _live(bucket, name, generation, _file(path))  # before open: a pipe would block
            try:
                with path.open("rb") as handle:
                    _live(bucket, name, generation, os.fstat(handle.fileno()))
                    data = handle.read()
                    _live(bucket, name, generation, os.fstat(handle.fileno()))
            except FileNotFoundError as error:
                raise _gone(bucket, name, generation, None) from error
        return data

    def write(
        self,
        bucket: str,
        name: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        *,
        if_generation_match: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Atomic, as the port promises. Raises PreconditionFailed, MessageInvalid for a name that
        can't be a file here, BackendUnavailable (a full disk, no permission)."""
        path = self._path(bucket, name)
        said = Description(content_type, dict(metadata or {}))
        upload = self._buckets[bucket] / UPLOADS / uuid.uuid4().hex
        with _os_errors(bucket, name):
            upload.parent.mkdir(parents=True, exist_ok=True)  # someone may have tidied up
            try:
                upload.write_bytes(data)
                with self._only_writer(bucket):
                    return self._publish(bucket, name, path, upload, said, if_generation_match)
            finally:
                upload.unlink(missing_ok=True)

    def delete(self, bucket: str, name: str, generation: int | None = None) -> None:
        """Remove the object, or only this generation of it, and folders that it leaves empty."""
        path = self._path(bucket, name)
        with _os_errors(bucket, name), self._only_writer(bucket):
            found = _file(path)
            if found is None or generation not in (None, _age(found)):
                return
            path.unlink(missing_ok=True)
            self._descriptions.prune(bucket, name)
            for folder in path.parents:
                if folder == self._buckets[bucket] or any(folder.iterdir()):
                    return
                folder.rmdir()

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """In order of names. Left out is what can't be an object (see `object_names`): hidden and
        half-copied files, links to folders, names that are not UTF-8 and no event could say."""
        root = self._root(bucket)
        top = prefix.rpartition("/")[0]
        if top and fault_of(top):
            return  # nothing is called so, and `..` must not lead out
        files = sorted(walk(root / top, f"{top}/" if top else ""))
        described = self._descriptions.all(bucket)  # after the walk: each is older than its file
        for name, found in files:
            if name.startswith(prefix):
                yield _info(bucket, name, found, described.get((name, _age(found))))

    def _publish(
        self,
        bucket: str,
        name: str,
        path: Path,
        upload: Path,
        said: Description,
        if_generation_match: int | None,
    ) -> ObjectInfo:
        """Make `upload` the live version. The caller is the bucket's only writer."""
        found = _file(path)
        if found is None and path.exists():
            raise MessageInvalid(f"object {name} in {bucket}: found a folder; name a file in it")
        live = _age(found) if found else 0
        if if_generation_match not in (None, live):
            raise PreconditionFailed(
                f"object {name} in {bucket}: found generation {live or 'none'}, "
                f"expected {if_generation_match or 'none'}"
            )
        generation = max(time.time_ns() // 1000, live + 1)
        os.utime(upload, ns=(generation * 1000, generation * 1000))
        written = upload.stat()
        # First the description: a writer killed after it has changed nothing that is seen.
        self._descriptions.put(bucket, name, generation, said)
        path.parent.mkdir(parents=True, exist_ok=True)
        if if_generation_match == 0:
            try:
                os.link(upload, path)
            except FileExistsError as error:
                raise PreconditionFailed(
                    f"object {name} in {bucket}: somebody copied a file there just now"
                ) from error
        else:
            upload.replace(path)
        self._descriptions.prune(bucket, name, keep=generation)
        return _info(bucket, name, written, said)

    def _path(self, bucket: str, name: str) -> Path:
        check_name(bucket, name)
        return self._root(bucket) / name

    def _root(self, bucket: str) -> Path:
        try:
            return self._buckets[bucket]
        except KeyError:
            legal = ", ".join(sorted(self._buckets))
            raise BackendUnavailable(
                f"bucket {bucket} does not exist, there are {legal}; correct the "
                "DROPSIGHT_…_BUCKET variable that names it"
            ) from None

    def _only_writer(self, bucket: str) -> AbstractContextManager[None]:
        return exclusive(self._state / f"{bucket}.lock")


def _file(path: Path) -> os.stat_result | None:
    """None if there is no regular file."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _age(found: os.stat_result) -> int:
    """Generation: microseconds since the epoch; never 0, which means 'no object'."""
    return max(found.st_mtime_ns // 1000, 1)


def _live(
    bucket: str, name: str, generation: int | None, found: os.stat_result | None
) -> os.stat_result:
    if found is None or generation not in (None, _age(found)):
        raise _gone(bucket, name, generation, found)
    return found


def _gone(
    bucket: str, name: str, generation: int | None, found: os.stat_result | None
) -> ObjectGone:
    return ObjectGone(
        f"object {name} in {bucket}: expected {f'generation {generation}' if generation else 'any'}"
        f", found {f'generation {_age(found)}' if found else 'none'}; "
        "upload the file again if it is still wanted"
    )


def _info(
    bucket: str, name: str, found: os.stat_result, description: Description | None
) -> ObjectInfo:
    said = description or Description.of_file(name)
    return ObjectInfo(bucket, name, _age(found), found.st_size, said.content_type, said.metadata)


@contextmanager
def _os_errors(bucket: str, name: str) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise MessageInvalid(
            f"object {name} in {bucket}: one of its folders is a file here; choose another name"
        ) from error
    except OSError as error:
        raise BackendUnavailable(f"object {name} in {bucket}: {error.strerror}") from error
