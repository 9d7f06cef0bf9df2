"""Recognise a file by its bytes, never by its name."""

from __future__ import annotations

import struct

from dropsight.domain.errors import UnrecognisedFormat
from dropsight.domain.manifests import Format

_SIGNATURES: list[tuple[bytes, Format]] = [
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),  # BigTIFF
    (b"MM\x00+", "tiff"),
]


def recognise(data: bytes) -> Format:
    """The format of `data`. Raises UnrecognisedFormat."""
    if data[128:132] == b"DICM":
        return "dicom"
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if _is_bmp(data):
        return "bmp"
    if _is_dicom_without_preamble(data):
        return "dicom"
    found = f"the first bytes are {data[:8].hex(' ')}" if data else "the file is empty"
    raise UnrecognisedFormat(
        f"the content is of no format that is read here ({found}); send DICOM, PNG, JPEG, TIFF, "
        "WebP or BMP"
    )


def _is_bmp(data: bytes) -> bool:
    """`BM`, and a header size that Windows or OS/2 bitmaps have."""
    if data[:2] != b"BM" or len(data) < 26:
        return False
    (header_size,) = struct.unpack_from("<I", data, 14)
    return header_size in (12, 40, 52, 56, 64, 108, 124)


def _is_dicom_without_preamble(data: bytes) -> bool:
    """A first element of group 0002 or 0008 whose length is plausible, in any of the encodings.

    Some archives store the bare data set, which PS3.10 forbids and everybody reads.
    """
    if len(data) < 16:
        return False
    for order in "<>":
        group, element = struct.unpack_from(order + "HH", data)
        if group not in (0x0002, 0x0008) or element > 0x1200:
            continue
        if data[4:6].isalpha() and data[4:6].isupper():
            return True
        (length,) = struct.unpack_from(order + "I", data, 4)
        if length <= min(len(data) - 8, 64 * 1024):
            return True
    return False
