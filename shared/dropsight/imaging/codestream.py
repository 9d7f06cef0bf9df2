"""What a JPEG, JPEG-LS or JPEG 2000 codestream says of itself, read before it is decoded.

A decoder allocates what the codestream declares, whatever Rows and Columns say.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dropsight.domain.errors import MalformedFile

_SOI = b"\xff\xd8"
_J2K = b"\xff\x4f\xff\x51"
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""SOF0 to SOF15 (T.81 table B.1) and SOF55 (T.87)."""


@dataclass(frozen=True)
class Codestream:
    width: int
    height: int
    components: int
    precision: int
    """Bits of one sample."""
    signed: bool = False
    """JPEG 2000 only."""
    component_ids: bytes = b""
    adobe_transform: int | None = None
    """Colour transform of the Adobe APP14 marker: 0 none, 1 YCbCr."""
    jfif: bool = False
    """A JFIF APP0 marker: three components are YCbCr."""
    exif: bytes | None = None
    """The EXIF APP1 marker, from `Exif` on."""


def parse_jpeg(data: bytes) -> Codestream:
    """Markers up to the frame header (ITU-T T.81 B.2.2, T.87 C.2.2). Raises MalformedFile."""
    adobe: int | None = None
    jfif = False
    exif: bytes | None = None
    at = data.find(_SOI)
    if at < 0:
        raise MalformedFile("an encoded frame has no JPEG start of image (FFD8)")
    at += 2
    try:
        while True:
            at = data.index(b"\xff", at)
            while data[at] == 0xFF:
                at += 1
            marker = data[at]
            at += 1
            if marker == 0x00 or 0xD0 <= marker <= 0xD9 or marker == 0x01:
                continue
            (length,) = struct.unpack_from(">H", data, at)
            body = data[at + 2 : at + length]
            if marker in _FRAME_MARKERS:
                precision, height, width, components = struct.unpack_from(">BHHB", body)
                ids = body[6 : 6 + 3 * components : 3]
                return Codestream(
                    width, height, components, precision, False, ids, adobe, jfif, exif
                )
            if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
                adobe = body[11]
            if marker == 0xE1 and body.startswith(b"Exif\0\0"):
                exif = body
            if marker == 0xE0 and body.startswith(b"JFIF"):
                jfif = True
            at += max(length, 2)
    except (ValueError, IndexError, struct.error) as error:
        raise MalformedFile("an encoded frame ends before its JPEG frame header") from error


def check_segments(data: bytes) -> None:
    """Marker segments from start of image to start of scan must follow each other (T.81 B.1.1.2).

    A Huffman table lost in between ends gdcm's process (an uncaught C++ exception), so such
    streams never reach it. Raises MalformedFile.
    """
    at = data.find(_SOI) + 2
    has_huffman_table = False
    while True:
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if data[at : at + 1] != b"\xff" or at + 4 > len(data):
            raise MalformedFile(
                f"an encoded frame has no JPEG marker at its byte {at}, where one must be; "
                "the pixel data is damaged, export the file again"
            )
        marker = data[at + 1]
        has_huffman_table |= marker == 0xC4
        if marker == 0xDA:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + max(length, 2)
    if not has_huffman_table:
        raise MalformedFile("an encoded frame has no Huffman table (DHT); it is damaged")


def parse_j2k(data: bytes) -> Codestream:
    """The SIZ marker (ISO/IEC 15444-1 A.5.1), in a bare codestream or a JP2 file.

    Raises MalformedFile.
    """
    at = data.find(_J2K, 0, 4096)
    if at < 0:
        raise MalformedFile("an encoded frame has no JPEG 2000 codestream (FF4FFF51)")
    try:
        right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
        components, depth = struct.unpack_from(">HB", data, at + 40)
    except struct.error as error:
        raise MalformedFile("an encoded frame ends inside its JPEG 2000 header") from error
    return Codestream(
        width=right - left,
        height=bottom - top,
        components=components,
        precision=(depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
    )
