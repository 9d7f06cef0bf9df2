"""Walk the structure of a data set without recursion, before anything else reads it.

Parsers that build an object for each item take gigabytes for a 30 KB file of nested sequences.
Here each element costs its header; only attributes listed in `tags` are kept, only depth
and count are budgeted, and the walk ends where the pixel data begins.
Structure: PS3.5 section 7.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dropsight.domain.errors import BudgetExceeded, MalformedFile
from dropsight.imaging.dicom.dataset import DataSet, Element
from dropsight.imaging.dicom.tags import KEPT, PIXELS, SEQUENCES, name
from dropsight.settings import Budgets

UNDEFINED = 0xFFFFFFFF
ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD

SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
"""VRs with a 16-bit length (PS3.5 table 7.1-2)."""
LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""VRs with two reserved bytes and a 32-bit length (PS3.5 table 7.1-1)."""
KNOWN_VRS = SHORT_VRS | LONG_VRS


@dataclass(slots=True)
class _Level:
    """One open data set or sequence on the way down."""

    end: int
    """Offset that its content may not pass."""
    delimited: bool
    """Of undefined length: a delimiter must come before `end`."""
    implicit: bool
    elements: dict[int, Element] | None = None
    """Data set: where its elements go; None where nothing in it is kept."""
    items: list[DataSet] | None = None
    is_sequence: bool = False


@dataclass(slots=True)
class Header:
    """Header of one element."""

    tag: int
    vr: bytes | None
    length: int
    value: int
    """Offset of the value."""


def scan(data: bytes, start: int, budgets: Budgets, *, implicit: bool, big_endian: bool) -> DataSet:
    """The attributes of the data set at `start` that `tags` lists, pixel data as an offset.

    Raises MalformedFile where the structure is broken, BudgetExceeded where sequences nest
    deeper than `budgets.sequence_depth` or elements and items outnumber `budgets.elements`.
    """
    return _Scanner(data, budgets, big_endian).run(start, implicit)


def read_header(data: bytes, at: int, *, implicit: bool, order: str) -> Header:
    """The element header at `at`. Raises MalformedFile at the end of the data."""
    try:
        group, element = struct.unpack_from(order + "HH", data, at)
        tag = group << 16 | element
        if implicit or group == 0xFFFE:
            (length,) = struct.unpack_from(order + "I", data, at + 4)
            return Header(tag, None, length, at + 8)
        vr = data[at + 4 : at + 6]
        if vr in SHORT_VRS or (vr not in LONG_VRS and data[at + 6 : at + 8] != b"\0\0"):
            (length,) = struct.unpack_from(order + "H", data, at + 6)
            return Header(tag, vr, length, at + 8)
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        return Header(tag, vr, length, at + 12)
    except struct.error as error:
        raise MalformedFile(
            f"the file ends at byte {len(data)} inside an element header; "
            "it is truncated, transfer it again"
        ) from error


class _Scanner:
    def __init__(self, data: bytes, budgets: Budgets, big_endian: bool) -> None:
        self.data = data
        self.budgets = budgets
        self.big_endian = big_endian
        self.order = ">" if big_endian else "<"
        self.stack: list[_Level] = []
        self.depth = 0
        self.count = 0

    def run(self, start: int, implicit: bool) -> DataSet:
        root = DataSet(self.data, self.big_endian)
        self.stack = [_Level(len(self.data), False, implicit, elements=root.elements)]
        at = start
        while self.stack:
            level = self.stack[-1]
            if at >= level.end:
                self._close(level)
            elif level.is_sequence:
                at = self._step_sequence(level, at)
            else:
                at = self._step_data_set(level, at)
        return root

    def _close(self, level: _Level) -> None:
        if level.delimited:
            raise MalformedFile(
                f"a sequence or item of undefined length is not closed before byte {level.end}; "
                "the file is truncated, transfer it again"
            )
        self._pop()

    def _pop(self) -> None:
        if self.stack.pop().is_sequence:
            self.depth -= 1

    def _counted(self) -> None:
        self.count += 1
        if self.count > self.budgets.elements:
            raise BudgetExceeded(
                f"the data set has more than {self.budgets.elements} elements and items; raise "
                "DROPSIGHT_BUDGET_ELEMENTS if such files are meant to be processed"
            )

    def _step_sequence(self, level: _Level, at: int) -> int:
        header = read_header(self.data, at, implicit=True, order=self.order)
        if header.tag == SEQUENCE_END:
            self._pop()
            return header.value
        if header.tag != ITEM:
            raise MalformedFile(
                f"byte {at}: found {name(header.tag)} inside a sequence, legal is an item "
                "(FFFE,E000); the file is damaged, export it again"
            )
        self._counted()
        item: DataSet | None = None
        if level.items is not None:
            item = DataSet(self.data, self.big_endian)
            level.items.append(item)
        delimited = header.length == UNDEFINED
        end = level.end if delimited else header.value + header.length
        self._check_end(header, end, level)
        implicit = level.implicit or self._looks_implicit(header.value)
        self.stack.append(
            _Level(end, delimited, implicit, elements=item.elements if item else None)
        )
        return header.value

    def _looks_implicit(self, at: int) -> bool:
        """True where an Explicit VR file holds an item in Implicit VR, as some exporters write."""
        vr = self.data[at + 4 : at + 6]
        return len(vr) == 2 and self.data[at : at + 2] != b"\xfe\xff" and not vr.isalpha()

    def _step_data_set(self, level: _Level, at: int) -> int:
        header = read_header(self.data, at, implicit=level.implicit, order=self.order)
        if header.tag == ITEM_END:
            if level.delimited:
                self._pop()
            return header.value
        self._counted()
        if len(self.stack) == 1 and header.tag in PIXELS:
            return self._keep_pixels(level, header)
        if self._opens_sequence(header):
            return self._open_sequence(level, header)
        if header.length == UNDEFINED:
            return self._skip_fragments(header)
        end = header.value + header.length
        self._check_end(header, end, level)
        if level.elements is not None and header.tag in KEPT:
            level.elements[header.tag] = Element(_text(header.vr), header.value, header.length)
        return end

    def _keep_pixels(self, level: _Level, header: Header) -> int:
        """Note where the pixels lie and stop: nothing that is read comes after them."""
        available = len(self.data) - header.value
        undefined = header.length == UNDEFINED
        length = None if undefined else min(header.length, available)
        if level.elements is not None:
            level.elements[header.tag] = Element(_text(header.vr), header.value, length)
        return level.end

    def _opens_sequence(self, header: Header) -> bool:
        if header.vr == b"SQ":
            return True
        if header.vr not in (None, b"UN"):
            return False
        if header.length == UNDEFINED or header.tag in SEQUENCES:
            return header.length > 0
        starts_with_item = self.data[header.value : header.value + 4] == struct.pack(
            self.order + "HH", 0xFFFE, 0xE000
        )
        return starts_with_item and header.length >= 8

    def _open_sequence(self, level: _Level, header: Header) -> int:
        self.depth += 1
        if self.depth > self.budgets.sequence_depth:
            raise BudgetExceeded(
                f"sequences nest more than {self.budgets.sequence_depth} deep at "
                f"{name(header.tag)}; raise DROPSIGHT_BUDGET_SEQUENCE_DEPTH if such files are "
                "meant to be processed"
            )
        delimited = header.length == UNDEFINED
        end = level.end if delimited else header.value + header.length
        self._check_end(header, end, level)
        items: list[DataSet] | None = None
        if level.elements is not None and header.tag in SEQUENCES:
            items = []
            level.elements[header.tag] = Element("SQ", header.value, header.length, items)
        # The value of an UN element of undefined length is in Implicit VR (PS3.5 6.2.2).
        implicit = level.implicit or header.vr == b"UN"
        self.stack.append(_Level(end, delimited, implicit, items=items, is_sequence=True))
        return header.value

    def _skip_fragments(self, header: Header) -> int:
        """Step over encapsulated pixel data that is not ours, such as an icon's (PS3.5 A.4)."""
        at = header.value
        while True:
            fragment = read_header(self.data, at, implicit=True, order=self.order)
            self._counted()
            if fragment.tag == SEQUENCE_END:
                return fragment.value
            if fragment.tag != ITEM or fragment.length == UNDEFINED:
                raise MalformedFile(
                    f"{name(header.tag)}: found {name(fragment.tag)} at byte {at} among the "
                    "fragments of an element of undefined length, legal is an item (FFFE,E000)"
                )
            at = fragment.value + fragment.length

    def _check_end(self, header: Header, end: int, level: _Level) -> None:
        if end > level.end:
            raise MalformedFile(
                f"{name(header.tag)}: its length of {end - header.value} bytes reaches "
                f"{end - level.end} bytes past the end of what holds it; the file is truncated "
                "or damaged, transfer it again"
            )


def _text(vr: bytes | None) -> str | None:
    return None if vr is None else vr.decode("latin-1")
