"""PALETTE COLOR: red, green and blue lookup tables (PS3.3 C.7.6.3.1.5 and C.7.9)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import MalformedFile
from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.lut import Descriptor, read_descriptor, read_entries
from dropsight.imaging.dicom.stored import Array
from dropsight.imaging.dicom.tags import Tag, name

_TABLES = [
    (
        Tag.RedPaletteColorLookupTableDescriptor,
        Tag.RedPaletteColorLookupTableData,
        Tag.SegmentedRedPaletteColorLookupTableData,
    ),
    (
        Tag.GreenPaletteColorLookupTableDescriptor,
        Tag.GreenPaletteColorLookupTableData,
        Tag.SegmentedGreenPaletteColorLookupTableData,
    ),
    (
        Tag.BluePaletteColorLookupTableDescriptor,
        Tag.BluePaletteColorLookupTableData,
        Tag.SegmentedBluePaletteColorLookupTableData,
    ),
]

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


@dataclass(frozen=True)
class Palette:
    colours: npt.NDArray[np.uint8]
    """uint8, shape (entries, 3), RGB."""
    first: int
    """Stored value of the first entry."""

    def __call__(self, stored: Array) -> npt.NDArray[np.uint8]:
        """RGB of shape (rows, columns, 3) for stored values of shape (rows, columns)."""
        index = np.clip(stored.astype(np.int32) - self.first, 0, len(self.colours) - 1)
        return np.take(self.colours, index, axis=0)


def read_palette(dataset: DataSet) -> Palette:
    """Raises MalformedFile where a table is missing, too short or of another size."""
    tables = []
    descriptors = []
    for descriptor_tag, data_tag, segmented_tag in _TABLES:
        descriptor = read_descriptor(dataset, descriptor_tag, signed=False)
        if segmented_tag in dataset:
            entries = _expand(
                _segments(dataset, segmented_tag, descriptor), segmented_tag, descriptor
            )
        else:
            entries = read_entries(dataset, data_tag, descriptor)
        tables.append(_eight_bits(entries, descriptor))
        descriptors.append(descriptor)
    sizes = {(one.entries, one.first) for one in descriptors}
    if len(sizes) != 1:
        raise MalformedFile("the three palette descriptors (0028,1101) to (0028,1103) must agree")
    return Palette(np.stack(tables, axis=1), descriptors[0].first)


def _eight_bits(entries: npt.NDArray[np.uint16], descriptor: Descriptor) -> npt.NDArray[np.uint8]:
    """The high byte of a 16-bit entry. Some files declare 16 bits and hold 8-bit values."""
    is_wide = descriptor.bits > 8 and int(entries.max()) > 255
    scaled = entries >> (descriptor.bits - 8) if is_wide else entries
    return np.minimum(scaled, 255).astype(np.uint8)


def _segments(dataset: DataSet, tag: int, descriptor: Descriptor) -> list[int]:
    """The words (bytes, where entries have 8 bits) of a segmented table."""
    raw = dataset.raw(tag) or memoryview(b"")
    if descriptor.bits == 8:
        return list(bytes(raw))
    order = ">" if dataset.big_endian else "<"
    return [int(word) for word in np.frombuffer(raw, f"{order}u2", len(raw) // 2)]


def _expand(data: list[int], tag: int, descriptor: Descriptor) -> npt.NDArray[np.uint16]:
    """Segmented Palette Color LUT Transformation (C.7.9.2), never past the declared entries.

    Raises MalformedFile: an indirect segment that points at another one would grow without end.
    """
    out: list[int] = []
    at = 0
    while at + 1 < len(data) and len(out) < descriptor.entries:
        opcode, count = data[at], data[at + 1]
        if opcode == _INDIRECT:
            offset, at = _indirect_offset(data, at + 2, tag, descriptor)
            for _ in range(count):
                offset = _expand_one(data, offset, tag, out)
        else:
            at = _expand_one(data, at, tag, out)
    if len(out) < descriptor.entries:
        raise MalformedFile(
            f"{name(tag)}: expands to {len(out)} entries, its descriptor says {descriptor.entries}"
        )
    return np.array(out[: descriptor.entries], dtype=np.uint16)


def _indirect_offset(data: list[int], at: int, tag: int, descriptor: Descriptor) -> tuple[int, int]:
    """Where an indirect segment points (index into `data`), and where the next segment begins.

    The offset is in bytes from the start of the table; here an entry is one byte or one word.
    """
    width = 4 if descriptor.bits == 8 else 2
    parts = data[at : at + width]
    if len(parts) < width:
        raise MalformedFile(f"{name(tag)}: ends inside an indirect segment (C.7.9.2.3)")
    shift = 8 if descriptor.bits == 8 else 16
    offset = sum(part << (shift * index) for index, part in enumerate(parts))
    return offset if descriptor.bits == 8 else offset // 2, at + width


def _expand_one(data: list[int], at: int, tag: int, out: list[int]) -> int:
    """Append a discrete or linear segment to `out`; the index after it."""
    if at + 2 >= len(data):
        raise MalformedFile(f"{name(tag)}: a segment begins past the end of the table")
    opcode, count = data[at], data[at + 1]
    if opcode == _DISCRETE:
        out.extend(data[at + 2 : at + 2 + count])
        return at + 2 + count
    if opcode == _LINEAR and out:
        last, goal = out[-1], data[at + 2]
        out.extend(round(last + (goal - last) * step / count) for step in range(1, count + 1))
        return at + 3
    raise MalformedFile(
        f"{name(tag)}: found segment type {opcode}, legal are 0 (discrete), 1 (linear, not first) "
        "and 2 (indirect, not nested) (C.7.9.2)"
    )
