"""Image file directories of TIFF 6.0 and BigTIFF, and the orientation in EXIF data."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dropsight.domain.errors import MalformedFile

_WIDTH, _LENGTH, _BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES = 256, 257, 258, 262, 274, 277
_WANTED = frozenset({_WIDTH, _LENGTH, _BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES})
_FIELD_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
LARGEST_DIRECTORY = 4096
"""Entries of one directory; real ones have some dozens."""


@dataclass(frozen=True)
class Page:
    width: int
    height: int
    channels: int
    bits: int
    orientation: int
    min_is_white: bool

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.width, self.height, self.channels, self.bits


@dataclass(frozen=True)
class _Layout:
    """Where numbers lie: byte order, and the wider fields of BigTIFF."""

    order: str
    big: bool

    def number(self, data: bytes, at: int, kind: str) -> int:
        (value,) = struct.unpack_from(self.order + kind, data, at)
        return int(value)


def read_pages(data: bytes, limit: int) -> list[Page] | None:
    """The page of each directory in the main chain; None if there are more than `limit`.

    A chain that comes back to a directory ends there. Raises MalformedFile, and struct.error or
    OverflowError where an offset leads out of the file.
    """
    layout = _layout(data)
    at = layout.number(data, 8, "Q") if layout.big else layout.number(data, 4, "I")
    seen: set[int] = set()
    pages: list[Page] = []
    while at and at not in seen:
        seen.add(at)
        if len(pages) == limit:
            return None
        fields, at = _directory(data, at, layout)
        pages.append(_page(fields))
    if not pages:
        raise MalformedFile("the TIFF file has no image file directory; it is truncated")
    return pages


def exif_orientation(exif: bytes) -> int:
    """EXIF Orientation (274), 1 to 8; 1 where it is missing or cannot be read.

    A picture is not lost for a damaged note on which way up it was taken.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    try:
        layout = _layout(exif)
        fields, _ = _directory(exif, layout.number(exif, 4, "I"), layout)
    except (struct.error, OverflowError, MalformedFile):
        return 1
    found = fields.get(_ORIENTATION, 1)
    return found if 1 <= found <= 8 else 1


def _layout(data: bytes) -> _Layout:
    orders = {b"II": "<", b"MM": ">"}
    order = orders.get(data[:2])
    if order is None:
        raise MalformedFile("a TIFF header begins with II or MM, found something else")
    return _Layout(order, big=struct.unpack_from(order + "H", data, 2) == (43,))


def _directory(data: bytes, at: int, layout: _Layout) -> tuple[dict[int, int], int]:
    """First values of the wanted fields, and the offset of the next directory (0: none)."""
    count = layout.number(data, at, "Q" if layout.big else "H")
    if count > LARGEST_DIRECTORY:
        raise MalformedFile(
            f"a TIFF directory declares {count} entries, at most {LARGEST_DIRECTORY} are read; "
            "the file is damaged"
        )
    at += 8 if layout.big else 2
    size, inline = (20, 12) if layout.big else (12, 8)
    fields: dict[int, int] = {}
    for entry in range(at, at + count * size, size):
        tag, kind = struct.unpack_from(layout.order + "HH", data, entry)
        if tag in _WANTED and kind in _FIELD_TYPES:
            fields[tag] = _first_value(data, entry, inline, _FIELD_TYPES[kind], layout)
    end = at + count * size
    return fields, layout.number(data, end, "Q" if layout.big else "I")


def _first_value(data: bytes, entry: int, inline: int, code: str, layout: _Layout) -> int:
    """Values that do not fit into the entry lie where it points."""
    values = layout.number(data, entry + 4, "Q" if layout.big else "I")
    room = 8 if layout.big else 4
    at = entry + inline
    if values * struct.calcsize("=" + code) > room:
        at = layout.number(data, at, "Q" if layout.big else "I")
    return layout.number(data, at, code)


def _page(fields: dict[int, int]) -> Page:
    if _WIDTH not in fields or _LENGTH not in fields:
        raise MalformedFile("a TIFF directory has no ImageWidth or ImageLength; it is damaged")
    orientation = fields.get(_ORIENTATION, 1)
    return Page(
        width=fields[_WIDTH],
        height=fields[_LENGTH],
        channels=fields.get(_SAMPLES, 1),
        bits=fields.get(_BITS, 1),
        orientation=orientation if 1 <= orientation <= 8 else 1,
        min_is_white=fields.get(_PHOTOMETRIC) == 0,
    )
