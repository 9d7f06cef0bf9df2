"""The outside of a DICOM file: preamble, file meta information, transfer syntax, deflation."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from dropsight.domain.errors import BudgetExceeded, MalformedFile
from dropsight.imaging.dicom.dataset import DataSet, Element
from dropsight.imaging.dicom.scan import KNOWN_VRS, Header, read_header, scan
from dropsight.imaging.dicom.syntaxes import (
    DEFLATED,
    EXPLICIT_BIG_ENDIAN,
    EXPLICIT_LITTLE_ENDIAN,
    IMPLICIT_LITTLE_ENDIAN,
)
from dropsight.imaging.dicom.tags import Tag
from dropsight.settings import Budgets

INFLATE_CHUNK = 1 << 20


@dataclass(frozen=True)
class DicomFile:
    """A scanned file. `transfer_syntax` is the file's own, or what its encoding shows."""

    dataset: DataSet
    transfer_syntax: str


def read_file(data: bytes, budgets: Budgets) -> DicomFile:
    """Find the data set and scan it. Raises MalformedFile, BudgetExceeded."""
    start = 132 if data[128:132] == b"DICM" else 0
    syntax, start = _read_meta(data, start)
    if start >= len(data):
        raise MalformedFile("the file holds no data set after its file meta information")
    if syntax == DEFLATED:
        data, start = inflate(memoryview(data)[start:], budgets.inflated_bytes), 0
    implicit, big_endian = _encoding(data, start, syntax)
    if not syntax:
        syntax = _native_syntax(implicit, big_endian)
    dataset = scan(data, start, budgets, implicit=implicit, big_endian=big_endian)
    return DicomFile(dataset, syntax)


def _read_meta(data: bytes, start: int) -> tuple[str, int]:
    """Transfer Syntax UID ("" if absent) and the offset of the data set.

    The group length (0002,0000) is not trusted: files with a wrong one are common.
    """
    syntax = ""
    at = start
    while at + 8 <= len(data) and struct.unpack_from("<H", data, at) == (0x0002,):
        implicit = data[at + 4 : at + 6] not in KNOWN_VRS
        header: Header = read_header(data, at, implicit=implicit, order="<")
        at = header.value + header.length
        if at > len(data):
            raise MalformedFile(
                "an element of the file meta information (group 0002) reaches past the end of "
                "the file; it is truncated, transfer it again"
            )
        if header.tag == Tag.TransferSyntaxUID:
            element = Element("UI", header.value, header.length)
            syntax = DataSet(data, elements={header.tag: element}).text(header.tag) or ""
    return syntax, at


def inflate(deflated: memoryview, limit: int) -> bytes:
    """Raw deflate (RFC 1951) as in PS3.5 A.5, stopped at `limit` bytes.

    389 KB can hold 800 MB, so the output is bounded while it is made. Raises BudgetExceeded,
    MalformedFile.
    """
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = bytearray()
    rest: memoryview | bytes = deflated
    try:
        while not engine.eof:
            piece = engine.decompress(rest, INFLATE_CHUNK)
            rest = engine.unconsumed_tail
            inflated += piece
            if len(inflated) > limit:
                raise BudgetExceeded(
                    f"deflated data holds more than {limit} bytes; raise "
                    "DROPSIGHT_BUDGET_INFLATED_BYTES if such files are meant to be processed"
                )
            if not piece and not rest:
                raise MalformedFile("deflated data ends too early; the file is truncated")
    except zlib.error as error:
        raise MalformedFile("deflated data is damaged; transfer the file again") from error
    return bytes(inflated)


def _encoding(data: bytes, start: int, syntax: str) -> tuple[bool, bool]:
    """(implicit, big endian) of the data set, by its first element where the file meta is silent.

    Some files declare one and hold the other; what is there counts.
    """
    explicit = data[start + 4 : start + 6] in KNOWN_VRS
    if syntax:
        return not explicit, syntax == EXPLICIT_BIG_ENDIAN
    (group,) = struct.unpack_from("<H", data.ljust(start + 2, b"\0"), start)
    return not explicit, group >= 0x0100


def _native_syntax(implicit: bool, big_endian: bool) -> str:
    if big_endian:
        return EXPLICIT_BIG_ENDIAN
    return IMPLICIT_LITTLE_ENDIAN if implicit else EXPLICIT_LITTLE_ENDIAN
