"""Native (uncompressed) pixel data: PS3.5 8.2, A.1 to A.5."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import MalformedFile
from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.image import ImageHeader
from dropsight.imaging.dicom.stored import Array, Decoded, arrange
from dropsight.imaging.dicom.tags import Tag, name


def check_length(dataset: DataSet, header: ImageHeader) -> None:
    """Raises MalformedFile if the file holds fewer pixels than it declares."""
    element = dataset.elements[header.pixels]
    expected = -(-header.frame_bits * header.frames // 8)
    if element.length is None:
        raise MalformedFile(
            f"{name(header.pixels)}: is encapsulated, its transfer syntax is an uncompressed one; "
            "TransferSyntaxUID (0002,0010) is wrong or missing, export the file again"
        )
    if element.length < expected:
        raise MalformedFile(
            f"{name(header.pixels)}: found {element.length} bytes, Rows, Columns and Bits "
            f"Allocated ask for {expected}; the file is truncated, transfer it again"
        )


def read_frame(dataset: DataSet, header: ImageHeader, index: int) -> Decoded:
    """Frame `index` (from 0): a view of the file where byte order and packing allow it."""
    element = dataset.elements[header.pixels]
    if header.bits_allocated == 1:
        samples = _unpack_bits(dataset.data, element.start, header, index)
    else:
        samples = _read_samples(dataset, element.start, header, index)
    if header.photometric == "YBR_FULL_422":
        return Decoded(_expand_422(samples, header), "YBR_FULL", header.bits_stored)
    return Decoded(arrange(samples, header), header.photometric, header.bits_stored)


def _read_samples(dataset: DataSet, start: int, header: ImageHeader, index: int) -> Array:
    size = header.bits_allocated // 8
    count = header.frame_bits // header.bits_allocated
    offset = index * count * size
    if size == 1 and dataset.big_endian and dataset.elements[header.pixels].vr == "OW":
        return _swapped_bytes(dataset.data, start, offset, count, header)
    order = ">" if dataset.big_endian else "<"
    kind = "f" if header.is_float else "i" if header.signed else "u"
    dtype = np.dtype(f"{order}{kind}{size}")
    samples: Array = np.frombuffer(dataset.data, dtype, count, start + offset)
    return samples if dtype.isnative else samples.astype(dtype.newbyteorder("="))


def _swapped_bytes(data: bytes, start: int, offset: int, count: int, header: ImageHeader) -> Array:
    """8-bit samples in big-endian words: each pair is the wrong way round."""
    first = offset // 2 * 2
    length = (offset + count + 1) // 2 * 2 - first
    words = np.frombuffer(data[start + first : start + first + length].ljust(length, b"\0"), ">u2")
    raw = words.astype("<u2").view(np.int8 if header.signed else np.uint8)
    return raw[offset - first : offset - first + count]


def _unpack_bits(data: bytes, start: int, header: ImageHeader, index: int) -> npt.NDArray[np.uint8]:
    """Frames of single bits follow each other without padding (PS3.5 8.1.1)."""
    count = header.frame_bits
    first, last = index * count, (index + 1) * count
    packed = np.frombuffer(data, np.uint8, -(-last // 8) - first // 8, start + first // 8)
    return np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + count]


def _expand_422(samples: Array, header: ImageHeader) -> Array:
    """Y1 Y2 Cb Cr to Y1 Cb Cr Y2 Cb Cr (PS3.3 C.7.6.3.1.2)."""
    if header.columns % 2:
        raise MalformedFile(
            f"{name(Tag.Columns)}: found {header.columns}, legal with YBR_FULL_422 are even numbers"
        )
    pairs = samples.reshape(header.rows, header.columns // 2, 4)
    out = np.empty((header.rows, header.columns // 2, 2, 3), samples.dtype)
    out[..., 0] = pairs[..., :2]
    out[..., 1] = pairs[..., 2:3]
    out[..., 2] = pairs[..., 3:4]
    return out.reshape(header.rows, header.columns, 3)
