"""What an image file declares, read without a decoder and before one is imported.

So that nothing is allocated, and no decoder's own limit is met, before our budgets are checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dropsight.domain.errors import BudgetExceeded, MalformedFile
from dropsight.domain.manifests import Format
from dropsight.imaging.codestream import parse_jpeg
from dropsight.imaging.limits import check_image
from dropsight.imaging.raster import tiff
from dropsight.settings import Budgets


@dataclass(frozen=True)
class RasterHeader:
    """Every value has been checked against the budgets."""

    width: int
    """As stored, before orientation."""
    height: int
    pages: int
    """Images to read: pages of a TIFF of the first page's size; 1 for all other formats."""
    channels: int
    bits: int
    """Of one sample."""
    orientation: int = 1
    """EXIF Orientation, 1 to 8."""
    min_is_white: bool = False
    skipped_pages: int = 0
    """TIFF pages of another size, such as previews."""

    @property
    def oriented_size(self) -> tuple[int, int]:
        """(width, height) as people see it."""
        if self.orientation >= 5:
            return self.height, self.width
        return self.width, self.height


def read_raster_header(data: bytes, found: Format, budgets: Budgets) -> RasterHeader:
    """Read and check the header. Raises MalformedFile, BudgetExceeded."""
    readers = {"png": _png, "jpeg": _jpeg, "webp": _webp, "bmp": _bmp}
    try:
        header = _tiff(data, budgets) if found == "tiff" else readers[found](data)
    except (struct.error, IndexError, OverflowError) as error:
        raise MalformedFile(f"the {found} header is truncated; transfer the file again") from error
    check_image(
        header.width,
        header.height,
        header.pages,
        channels=header.channels,
        bytes_per_sample=-(-header.bits // 8),
        budgets=budgets,
    )
    return header


def _png(data: bytes) -> RasterHeader:
    """IHDR, and eXIf where there is one (PNG third edition, 11.2.1 and 11.3.4.5).

    Every chunk must lie inside the file: OpenCV allocates what a chunk's length says.
    """
    if data[12:16] != b"IHDR":
        raise MalformedFile("the PNG file does not begin with IHDR; it is damaged")
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    channels = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}.get(colour)
    if channels is None:
        raise MalformedFile(f"PNG colour type: found {colour}, legal are 0, 2, 3, 4 and 6")
    orientation = 1
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"eXIf":
            orientation = tiff.exif_orientation(data[at + 8 : at + 8 + length])
        at += 12 + length
        if kind == b"IEND":
            break
    if at > len(data):
        raise MalformedFile("a PNG chunk reaches past the end of the file; it is truncated")
    return RasterHeader(width, height, 1, channels, bits, orientation)


def _jpeg(data: bytes) -> RasterHeader:
    """Frame header and EXIF APP1 (JEITA CP-3451)."""
    stream = parse_jpeg(data)
    orientation = 1 if stream.exif is None else tiff.exif_orientation(stream.exif)
    return RasterHeader(
        stream.width, stream.height, 1, stream.components, stream.precision, orientation
    )


def _webp(data: bytes) -> RasterHeader:
    """VP8, VP8L or VP8X (RFC 9649). Of an animation the first picture is read."""
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return RasterHeader(width, height, 1, 4, 8, _webp_orientation(data))
    if kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return RasterHeader((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, 1, 4, 8)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return RasterHeader(width & 0x3FFF, height & 0x3FFF, 1, 3, 8)
    raise MalformedFile("the WebP file has no image chunk (VP8, VP8L or VP8X); it is damaged")


def _webp_orientation(data: bytes) -> int:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            return tiff.exif_orientation(data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    return 1


def _bmp(data: bytes) -> RasterHeader:
    """BITMAPCOREHEADER or BITMAPINFOHEADER and later; a negative height means top-down."""
    (size,) = struct.unpack_from("<I", data, 14)
    if size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    return RasterHeader(width, abs(height), 1, 4 if bits == 32 else 3, 8)


def _tiff(data: bytes, budgets: Budgets) -> RasterHeader:
    pages = tiff.read_pages(data, budgets.frames)
    if pages is None:
        raise BudgetExceeded(
            f"the TIFF file has more than {budgets.frames} pages; raise DROPSIGHT_BUDGET_FRAMES "
            "if such files are meant to be processed"
        )
    first = pages[0]
    alike = [page for page in pages if page.shape == first.shape]
    return RasterHeader(
        width=first.width,
        height=first.height,
        pages=len(alike),
        channels=first.channels,
        bits=first.bits,
        orientation=first.orientation,
        min_is_white=first.min_is_white,
        skipped_pages=len(pages) - len(alike),
    )
