"""One scanned data set: where its values lie, and how they are read."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

from dropsight.domain.errors import MalformedFile
from dropsight.imaging.dicom.tags import Tag, name

INTEGER_FORMATS = {"US": "H", "SS": "h", "UL": "I", "SL": "i"}


@dataclass(frozen=True, slots=True)
class Element:
    """One element that is kept. `length` is None where the length is undefined (FFFFFFFFH)."""

    vr: str | None
    """As in the file; None in Implicit VR."""
    start: int
    """Offset of the value from the start of the data."""
    length: int | None
    items: list[DataSet] | None = None
    """Items of a sequence."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """Elements by tag, over the bytes that they came from. Nothing is copied until it is read."""

    data: bytes
    big_endian: bool = False
    elements: dict[int, Element] = field(default_factory=dict)

    def __contains__(self, tag: int) -> bool:
        element = self.elements.get(tag)
        return element is not None and (element.length != 0 or bool(element.items))

    def raw(self, tag: int) -> memoryview | None:
        """The bytes of a value; None if the element is absent or empty."""
        element = self.elements.get(tag)
        if element is None or not element.length:
            return None
        return memoryview(self.data)[element.start : element.start + element.length]

    def text(self, tag: int) -> str | None:
        """A value as text without padding, Latin-1 so that any byte is legal; None if empty."""
        raw = self.raw(tag)
        return None if raw is None else bytes(raw).decode("latin-1").strip(" \x00") or None

    def items(self, tag: int) -> list[DataSet]:
        """Items of a sequence; empty if it is absent or not a sequence."""
        element = self.elements.get(tag)
        return (element.items or []) if element is not None else []

    def integers(self, tag: int, signed: bool = False) -> list[int]:
        """Values of a US, SS, UL or SL element (in Implicit VR: US, or SS if `signed`).

        Raises MalformedFile where the bytes are not whole numbers of that size.
        """
        raw = self.raw(tag)
        if raw is None:
            return []
        vr = self.elements[tag].vr
        if vr in ("IS", "DS"):
            return [int(value) for value in self.decimals(tag)]
        code = INTEGER_FORMATS.get(vr or "", "h" if signed else "H")
        size = struct.calcsize(code)
        if len(raw) % size:
            raise MalformedFile(
                f"{name(tag)}: found {len(raw)} bytes, legal is a multiple of {size}; "
                "the file is damaged, export it again"
            )
        order = ">" if self.big_endian else "<"
        return list(struct.unpack(f"{order}{len(raw) // size}{code}", raw))

    def integer(self, tag: int, signed: bool = False) -> int | None:
        """First value of `integers`; None if the element is absent or empty."""
        values = self.integers(tag, signed)
        return values[0] if values else None

    def decimals(self, tag: int) -> list[float]:
        """Finite values of a DS, IS, FL, FD or integer element; an empty component is left out.

        Raises MalformedFile where one is not a finite number.
        """
        vr = self.elements[tag].vr if tag in self.elements else None
        if vr in INTEGER_FORMATS:
            return [float(value) for value in self.integers(tag)]
        values = self._floats(tag, vr) if vr in ("FL", "FD") else self._decimal_string(tag)
        if not all(math.isfinite(value) for value in values):
            raise MalformedFile(f"{name(tag)}: found a value that is not a finite number")
        return values

    def _decimal_string(self, tag: int) -> list[float]:
        text = self.text(tag)
        try:
            return [float(part) for part in (text or "").split("\\") if part.strip(" \x00")]
        except ValueError as error:
            raise MalformedFile(
                f"{name(tag)}: found text that is not a number, legal are decimal numbers "
                "separated by backslashes (PS3.5 6.2)"
            ) from error

    def _floats(self, tag: int, vr: str) -> list[float]:
        raw = self.raw(tag)
        size = 4 if vr == "FL" else 8
        if raw is None:
            return []
        if len(raw) % size:
            raise MalformedFile(
                f"{name(tag)}: found {len(raw)} bytes, legal is a multiple of {size} (VR {vr})"
            )
        order = ">" if self.big_endian else "<"
        code = "f" if vr == "FL" else "d"
        return list(struct.unpack(f"{order}{len(raw) // size}{code}", raw))

    def decimal(self, tag: Tag) -> float | None:
        """First value of `decimals`; None if the element is absent or empty."""
        values = self.decimals(tag)
        return values[0] if values else None
