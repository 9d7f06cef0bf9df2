"""Puts files into the landing bucket, under names that keep their folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropsight.adapters.embedded.object_names import check_name
from dropsight.cli.errors import NotFound
from dropsight.domain.errors import MessageInvalid


@dataclass(frozen=True)
class Upload:
    path: Path
    name: str
    """The object's name."""


@dataclass(frozen=True)
class Skipped:
    path: Path
    reason: str


def plan(
    paths: Sequence[Path], route: str | None, bucket: str
) -> tuple[list[Upload], list[Skipped]]:
    """What will be copied where, and what will not be.

    A file keeps its name, a folder its name and what is below it: `drop scans/ --route cxr` gives
    `cxr/scans/…`. Raises NotFound for a path that does not exist, or for two files that would
    become one object.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise NotFound(f"no such file or folder: {', '.join(missing)}; nothing was dropped")
    uploads: dict[str, Upload] = {}
    skipped: list[Skipped] = []
    for path in paths:
        top = Path(os.path.normpath(path.absolute()))
        for found in _files(top):
            name = found.relative_to(top.parent).as_posix()
            name = f"{route}/{name}" if route else name
            try:
                check_name(bucket, name)
            except MessageInvalid as error:
                skipped.append(Skipped(found, str(error)))
                continue
            other = uploads.get(name)
            if other is not None and other.path != found:
                raise NotFound(
                    f"{other.path} and {found} would both become {name}; drop them with "
                    "different --route, nothing was dropped"
                )
            uploads[name] = Upload(found, name)
    return list(uploads.values()), skipped


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            yield Path(folder) / name
