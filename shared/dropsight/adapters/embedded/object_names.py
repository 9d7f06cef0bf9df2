"""Which names an object can have in a folder bucket, and which files in the folder are objects."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from dropsight.domain.errors import MessageInvalid

UNFINISHED = ("~", ".part", ".crdownload")
"""Endings that editors and browsers give to files that are not whole yet or are left over."""

MAX_PART_BYTES = 255
"""NAME_MAX of the usual file systems; Cloud Storage allows 1,024 bytes for the whole name."""


def check_name(bucket: str, name: str) -> None:
    """Raises MessageInvalid unless `name` is a relative path that stays in its bucket."""
    fault = fault_of(name)
    if fault:
        raise MessageInvalid(
            f"object name {name!r} in {bucket}: {fault}; legal are folders and a file "
            "separated by single slashes, such as cxr/film 1.dcm"
        )


def fault_of(name: str) -> str | None:
    """Why no object can have this name, or None."""
    return next((fault for part in name.split("/") if (fault := _part_fault(part))), None)


def walk(folder: Path, above: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below `folder` that is an object, with its name (`above` + path), in no order.

    Folders that are links are not entered, and what is deleted meanwhile is left out.
    """
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if fault_of(entry.name):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from walk(folder / entry.name, f"{above}{entry.name}/")
                continue
            found = entry.stat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(found.st_mode):
            yield above + entry.name, found


def _part_fault(part: str) -> str | None:
    try:
        size = len(part.encode())
    except UnicodeEncodeError:
        return "it is not UTF-8"
    faults = {
        "a part of it is empty": size == 0,
        f"{part!r} begins with a dot, which is hidden or leads elsewhere": part.startswith("."),
        f"{part!r} is the name of an unfinished file": part.endswith(UNFINISHED),
        "it has a NUL character": "\0" in part,
        f"a part of it has more than {MAX_PART_BYTES} bytes in UTF-8": size > MAX_PART_BYTES,
    }
    return next((fault for fault, found in faults.items() if found), None)
