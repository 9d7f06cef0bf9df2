"""Lookup tables of DICOM: Modality LUT, VOI LUT (PS3.3 C.11.1, C.11.2) and palette descriptors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import MalformedFile
from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.tags import Tag, name

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Descriptor:
    """LUT Descriptor (0028,3002): entries, the input of the first one, bits of an entry."""

    entries: int
    first: int
    bits: int


@dataclass(frozen=True)
class Lut:
    descriptor: Descriptor
    table: Values
    """float64, shape (entries,)."""

    def __call__(self, values: Values) -> Values:
        """Inputs below the first entry get the first value, those above the last the last."""
        index = np.clip(values - self.descriptor.first, 0, self.descriptor.entries - 1)
        looked_up: Values = self.table[index.astype(np.int64)]
        return looked_up


def read_descriptor(dataset: DataSet, tag: int, signed: bool) -> Descriptor:
    """Three values; 0 entries stands for 65536. Raises MalformedFile.

    `signed` counts in Implicit VR only, where nothing says whether the first input is US or SS.
    """
    values = dataset.integers(tag)
    if len(values) != 3:
        raise MalformedFile(f"{name(tag)}: found {len(values)} values, legal are 3")
    entries, first, bits = values[0] & 0xFFFF, values[1], values[2] & 0xFFFF
    if signed and dataset.elements[tag].vr in (None, "UN") and first >= 0x8000:
        first -= 0x10000
    if bits not in range(8, 17):
        raise MalformedFile(f"{name(tag)}: found entries of {bits} bits, legal are 8 to 16")
    return Descriptor(entries or 0x10000, first, bits)


def read_entries(dataset: DataSet, tag: int, descriptor: Descriptor) -> npt.NDArray[np.uint16]:
    """uint16, shape (entries,): 16-bit words, or bytes where 8-bit entries are packed.

    Raises MalformedFile if the data is shorter than the descriptor says.
    """
    raw = dataset.raw(tag)
    found = 0 if raw is None else len(raw)
    if raw is not None and found >= 2 * descriptor.entries:
        order = ">" if dataset.big_endian else "<"
        return np.frombuffer(raw, f"{order}u2", descriptor.entries).astype(np.uint16)
    if raw is not None and descriptor.bits == 8 and found >= descriptor.entries:
        packed = np.frombuffer(raw, np.uint8, found // 2 * 2 if dataset.big_endian else found)
        if dataset.big_endian:
            packed = packed.reshape(-1, 2)[:, ::-1].ravel()
        if len(packed) >= descriptor.entries:
            return packed[: descriptor.entries].astype(np.uint16)
    raise MalformedFile(
        f"{name(tag)}: found {found} bytes, its descriptor asks for {descriptor.entries} entries "
        f"of {descriptor.bits} bits; the file is damaged, export it again"
    )


def read_lut(item: DataSet, signed: bool) -> Lut:
    """The table of one item of Modality or VOI LUT Sequence. Raises MalformedFile."""
    descriptor = read_descriptor(item, Tag.LUTDescriptor, signed)
    entries = read_entries(item, Tag.LUTData, descriptor)
    return Lut(descriptor, entries.astype(np.float64))
