"""The SHA-256 by which model.yaml names an artifact."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Mapping
from pathlib import Path

PYTHON_CACHE = "__pycache__"


def artifact_digest(path: Path) -> str:
    """Of a file its SHA-256, of a folder `folder_digest`. Raises OSError."""
    return folder_digest(path) if path.is_dir() else file_digest(path)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in lower-case hex. Raises OSError.

    The file is mapped, not read: its pages are those that a framework then loads from, so that
    checking costs no second copy in memory and no second read from the disk.
    """
    with path.open("rb") as file:
        if path.stat().st_size == 0:  # an empty file cannot be mapped
            return hashlib.sha256().hexdigest()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return hashlib.sha256(content).hexdigest()


def folder_digest(folder: Path) -> str:
    """See `digest_of_files`, over every file below `folder`. Raises OSError.

    What Python writes beside its sources (`__pycache__`) is left out.
    """
    return digest_of_files({name: file_digest(path) for name, path in files_below(folder).items()})


def digest_of_files(digests: Mapping[str, str]) -> str:
    """SHA-256 of what `sha256sum` prints of these files, in the order of their names' bytes.

    `digests`: SHA-256 in hex by relative name, with `/` between folders.
    """
    lines = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests, key=str.encode))
    return hashlib.sha256(lines.encode()).hexdigest()


def files_below(folder: Path) -> dict[str, Path]:
    """By relative name, with `/` between folders; without `__pycache__`."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and PYTHON_CACHE not in path.parts
    }
