"""Encapsulated pixel data (PS3.5 A.4): which fragments make which frame."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from dropsight.domain.errors import MalformedFile
from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.scan import ITEM, SEQUENCE_END, UNDEFINED, read_header
from dropsight.imaging.dicom.tags import Tag, name

END_OF_IMAGE = b"\xff\xd9"
"""EOI of JPEG and JPEG-LS, EOC of JPEG 2000."""

Span = tuple[int, int]
"""(start, end) of one fragment's bytes in the file."""


def frame_spans(dataset: DataSet, frames: int) -> list[list[Span]]:
    """For each of `frames` frames the fragments that hold it.

    By the Extended Offset Table, else the Basic Offset Table, else one fragment for each frame,
    else the end-of-image markers. A table that does not fit the fragments is passed over.
    Raises MalformedFile where the frames cannot be told apart.
    """
    table, fragments = _fragments(dataset)
    if not fragments:
        raise MalformedFile(f"{name(Tag.PixelData)}: holds no fragment; the file is truncated")
    if frames == 1:
        return [fragments]
    starts = _extended_offsets(dataset) or table
    grouped = _by_offsets(fragments, starts, frames)
    if grouped is None and len(fragments) == frames:
        grouped = [[fragment] for fragment in fragments]
    if grouped is None:
        grouped = list(_by_markers(dataset.data, fragments))
    if len(grouped) < frames:
        raise MalformedFile(
            f"{name(Tag.NumberOfFrames)}: {frames} frames are declared, found "
            f"{len(fragments)} fragments that make {len(grouped)}; the file is truncated"
        )
    return grouped[:frames]


def join(data: bytes, spans: Sequence[Span]) -> bytes:
    """The bytes of one encoded frame."""
    return b"".join(data[start:end] for start, end in spans)


def _fragments(dataset: DataSet) -> tuple[list[int], list[Span]]:
    """Basic Offset Table and fragments. A last fragment that is cut off keeps what is there."""
    data = dataset.data
    element = dataset.elements[Tag.PixelData]
    at = element.start
    end = len(data) if element.length is None else element.start + element.length
    spans: list[Span] = []
    while at + 8 <= end:
        header = read_header(data, at, implicit=True, order="<")
        if header.tag == SEQUENCE_END:
            break
        if header.tag != ITEM or header.length == UNDEFINED:
            raise MalformedFile(
                f"{name(Tag.PixelData)}: found {name(header.tag)} at byte {at}, legal is an item "
                "(FFFE,E000) of defined length (PS3.5 A.4)"
            )
        at = header.value + header.length
        spans.append((header.value, min(at, end)))
    if not spans:
        return [], []
    (start, stop), *fragments = spans
    words = (stop - start) // 4
    return list(struct.unpack_from(f"<{words}I", data, start)), fragments


def _extended_offsets(dataset: DataSet) -> list[int]:
    raw = dataset.raw(Tag.ExtendedOffsetTable)
    if raw is None or len(raw) % 8:
        return []
    return list(struct.unpack(f"<{len(raw) // 8}Q", raw))


def _by_offsets(fragments: list[Span], starts: list[int], frames: int) -> list[list[Span]] | None:
    """Fragments by frame; None if the table does not name the start of a fragment each time.

    Offsets count from the item tag (8 bytes before the value) of the first fragment.
    """
    if len(starts) != frames:
        return None
    origin = fragments[0][0]
    index_of = {start - origin: index for index, (start, _) in enumerate(fragments)}
    indices = [index_of.get(start) for start in starts]
    known = [index for index in indices if index is not None]
    if len(known) != frames or known[0] != 0 or sorted(set(known)) != known:
        return None
    stops = [*known[1:], len(fragments)]
    return [fragments[a:b] for a, b in zip(known, stops, strict=True)]


def _by_markers(data: bytes, fragments: list[Span]) -> Iterator[list[Span]]:
    """A frame ends with the fragment that holds an end-of-image marker in its last bytes."""
    frame: list[Span] = []
    for start, end in fragments:
        frame.append((start, end))
        if END_OF_IMAGE in data[max(start, end - 10) : end]:
            yield frame
            frame = []
    if frame:
        yield frame
