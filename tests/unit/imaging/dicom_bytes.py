"""DICOM files written byte by byte, so that a test shows what is in them (PS3.5 7.1)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from dropsight.imaging.dicom.scan import LONG_VRS
from dropsight.imaging.dicom.tags import Tag

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"
DEFLATED = "1.2.840.10008.1.2.1.99"

Value = bytes | str | int | Sequence[int]

VRS: dict[int, str] = {
    Tag.PatientID: "LO",
    Tag.SOPInstanceUID: "UI",
    Tag.StudyInstanceUID: "UI",
    Tag.SeriesInstanceUID: "UI",
    Tag.StudyDate: "DA",
    Tag.NumberOfFrames: "IS",
    Tag.WindowCenter: "DS",
    Tag.WindowWidth: "DS",
    Tag.RescaleSlope: "DS",
    Tag.RescaleIntercept: "DS",
    Tag.PixelSpacing: "DS",
    Tag.ImagerPixelSpacing: "DS",
    Tag.PixelData: "OW",
    Tag.FloatPixelData: "OF",
    Tag.LUTData: "OW",
    Tag.RegionLocationMinX0: "UL",
    Tag.RegionLocationMinY0: "UL",
    Tag.RegionLocationMaxX1: "UL",
    Tag.RegionLocationMaxY1: "UL",
}
for _tag in Tag:
    if "PaletteColorLookupTableData" in _tag.name:
        VRS[_tag] = "OW"

FILM: dict[int, Value] = {
    Tag.Modality: "DX",
    Tag.PatientID: "P-1",
    Tag.SamplesPerPixel: 1,
    Tag.PhotometricInterpretation: "MONOCHROME2",
    Tag.Rows: 2,
    Tag.Columns: 2,
    Tag.BitsAllocated: 16,
    Tag.BitsStored: 12,
    Tag.HighBit: 11,
    Tag.PixelRepresentation: 0,
    Tag.PixelData: struct.pack("<4H", 0, 1000, 2000, 4095),
}
"""2 x 2 pixels of 12 bits."""


def element(tag: int, value: Value, *, order: str = "<", implicit: bool = False) -> bytes:
    """One element. Text is padded to even length, a number is US, a bytes value is as it is."""
    vr = VRS.get(tag, "US" if isinstance(value, int | list | tuple) else "CS")
    if isinstance(value, int):
        value = [value]
    if isinstance(value, str):
        raw = value.encode("latin-1")
    elif isinstance(value, bytes):
        raw = value
    else:
        raw = struct.pack(f"{order}{len(value)}{'I' if vr == 'UL' else 'H'}", *value)
    return raw_element(tag, vr, raw + b" " * (len(raw) % 2), order=order, implicit=implicit)


def raw_element(
    tag: int,
    vr: str,
    raw: bytes,
    *,
    order: str = "<",
    implicit: bool = False,
    length: int | None = None,
) -> bytes:
    length = len(raw) if length is None else length
    header = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return header + struct.pack(order + "I", length) + raw
    code = vr.encode()
    if code in LONG_VRS:
        return header + code + b"\0\0" + struct.pack(order + "I", length) + raw
    return header + code + struct.pack(order + "H", length) + raw


def item(content: bytes) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def sequence(tag: int, *items: bytes) -> bytes:
    return raw_element(tag, "SQ", b"".join(item(one) for one in items))


def fragments(*frames: bytes, offsets: Sequence[int] = ()) -> bytes:
    """Encapsulated Pixel Data with a Basic Offset Table (PS3.5 A.4)."""
    table = struct.pack(f"<{len(offsets)}I", *offsets)
    body = b"".join(item(part) for part in (table, *frames))
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return raw_element(Tag.PixelData, "OB", body + end, length=0xFFFFFFFF)


def data_set(
    values: Mapping[Any, Any],
    extra: bytes = b"",
    *,
    order: str = "<",
    implicit: bool = False,
) -> bytes:
    """Elements in order of their tags; None leaves one out. `extra` goes before the pixels."""
    written = {
        tag: element(tag, value, order=order, implicit=implicit)
        for tag, value in values.items()
        if value is not None
    }
    before = b"".join(written[tag] for tag in sorted(written) if tag < Tag.FloatPixelData)
    pixels = b"".join(written[tag] for tag in sorted(written) if tag >= Tag.FloatPixelData)
    return before + extra + pixels


def dicom(body: bytes, syntax: str = EXPLICIT) -> bytes:
    """Preamble, file meta information and a data set (PS3.10 7.1)."""
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    return b"\0" * 128 + b"DICM" + raw_element(Tag.TransferSyntaxUID, "UI", uid) + body


def film(changes: Mapping[Any, Any] | None = None, extra: bytes = b"") -> bytes:
    """The 2 x 2 film with some attributes changed, added or (None) left out."""
    return dicom(data_set({**FILM, **(changes or {})}, extra))
