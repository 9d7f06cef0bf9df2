"""The Image Pixel module (PS3.3 C.7.6.3), checked before a pixel is touched."""

from __future__ import annotations

from dataclasses import dataclass

from dropsight.domain.errors import MalformedFile, NoPixels, UnsupportedEncoding
from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.file import DicomFile
from dropsight.imaging.dicom.syntaxes import ENCAPSULATED, NATIVE
from dropsight.imaging.dicom.tags import Tag, name
from dropsight.imaging.limits import check_image
from dropsight.settings import Budgets

GREYSCALE = frozenset({"MONOCHROME1", "MONOCHROME2"})
YBR_CODESTREAM = frozenset({"YBR_ICT", "YBR_RCT"})
COLOUR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422"}) | YBR_CODESTREAM
PALETTE = "PALETTE COLOR"

_FLOAT_BITS = {Tag.FloatPixelData: 32, Tag.DoubleFloatPixelData: 64}


@dataclass(frozen=True)
class ImageHeader:
    """How the pixels of one file are stored. Every value has been checked."""

    rows: int
    columns: int
    frames: int
    samples: int
    """1 or 3."""
    photometric: str
    planar: int
    """0: colour by pixel, 1: colour by plane."""
    bits_allocated: int
    bits_stored: int
    signed: bool
    pixels: Tag
    """The element that holds the pixels."""

    @property
    def is_float(self) -> bool:
        return self.pixels is not Tag.PixelData

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame."""
        samples = self.rows * self.columns * self.samples
        if self.photometric == "YBR_FULL_422":
            samples = samples // 3 * 2
        return samples * self.bits_allocated


def read_image_header(file: DicomFile, budgets: Budgets) -> ImageHeader:
    """Read and check the Image Pixel module.

    Raises NoPixels for a file without an image, UnsupportedEncoding for a transfer syntax or
    photometric interpretation that is not read, MalformedFile, and BudgetExceeded before
    anything of the declared size is allocated.
    """
    dataset, syntax = file.dataset, file.transfer_syntax
    pixels = _pixel_element(dataset)
    if syntax not in NATIVE | ENCAPSULATED:
        found = syntax if _is_uid(syntax) else "not a UID"
        raise UnsupportedEncoding(
            f"TransferSyntaxUID (0002,0010): found {found}, which no decoder here reads; send the "
            "image uncompressed, as JPEG, JPEG-LS, JPEG 2000, HTJ2K, RLE or deflated"
        )
    rows = _integer(dataset, Tag.Rows, 1, 65535)
    columns = _integer(dataset, Tag.Columns, 1, 65535)
    frames = _frames(dataset)
    samples = _integer(dataset, Tag.SamplesPerPixel, 1, 3, default=1)
    bits_allocated = _FLOAT_BITS.get(pixels) or _integer(dataset, Tag.BitsAllocated, 1, 64)
    if bits_allocated not in (1, 8, 16, 32, 64):
        raise UnsupportedEncoding(
            f"{name(Tag.BitsAllocated)}: found {bits_allocated}, read here are 1, 8, 16, 32 and 64"
        )
    is_float = pixels is not Tag.PixelData
    bits_stored = (
        bits_allocated
        if is_float
        else _integer(dataset, Tag.BitsStored, 1, bits_allocated, default=bits_allocated)
    )
    high_bit = _integer(dataset, Tag.HighBit, 0, 63, default=bits_stored - 1)
    if not is_float and high_bit != bits_stored - 1:
        raise UnsupportedEncoding(
            f"{name(Tag.HighBit)}: found {high_bit}, legal is Bits Stored - 1 = {bits_stored - 1}"
        )
    header = ImageHeader(
        rows=rows,
        columns=columns,
        frames=frames,
        samples=samples,
        photometric=_photometric(dataset, samples),
        planar=_integer(dataset, Tag.PlanarConfiguration, 0, 1, default=0) if samples > 1 else 0,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        signed=not is_float and _integer(dataset, Tag.PixelRepresentation, 0, 1, default=0) == 1,
        pixels=pixels,
    )
    check_image(
        columns,
        rows,
        frames,
        channels=samples,
        bytes_per_sample=-(-bits_allocated // 8),
        budgets=budgets,
    )
    return header


def _pixel_element(dataset: DataSet) -> Tag:
    for tag in (Tag.PixelData, Tag.FloatPixelData, Tag.DoubleFloatPixelData):
        if tag in dataset:
            return tag
    raise NoPixels(
        "the DICOM file holds no Pixel Data (7FE0,0010): it is a report, a plan or a header; send "
        "the image that it belongs to"
    )


def _integer(
    dataset: DataSet, tag: Tag, lowest: int, highest: int, default: int | None = None
) -> int:
    value = dataset.integer(tag)
    if value is None:
        value = default
    if value is None:
        raise MalformedFile(f"{name(tag)}: missing, an image must have it; export the file again")
    if not lowest <= value <= highest:
        raise MalformedFile(f"{name(tag)}: found {value}, legal are {lowest} to {highest}")
    return value


def _frames(dataset: DataSet) -> int:
    """Number of Frames; an empty or zero one means 1, as in many single-frame files."""
    value = dataset.decimal(Tag.NumberOfFrames)
    frames = int(value) if value else 1
    if frames < 1:
        raise MalformedFile(f"{name(Tag.NumberOfFrames)}: found {frames}, legal are 1 and more")
    return frames


def _photometric(dataset: DataSet, samples: int) -> str:
    found = dataset.text(Tag.PhotometricInterpretation)
    if found is None:
        raise MalformedFile(
            f"{name(Tag.PhotometricInterpretation)}: missing, an image must have it"
        )
    legal = COLOUR if samples == 3 else GREYSCALE | {PALETTE}
    found = found.replace("_COLOR", " COLOR")
    if samples == 2 or found not in legal:
        known = found in GREYSCALE | COLOUR | {PALETTE}
        shown = found if known else "a value that is not read here"
        raise UnsupportedEncoding(
            f"{name(Tag.PhotometricInterpretation)}: found {shown} with {samples} samples per "
            f"pixel, read here are {', '.join(sorted(GREYSCALE | {PALETTE}))} with 1 and "
            f"{', '.join(sorted(COLOUR))} with 3"
        )
    return found


def _is_uid(text: str) -> bool:
    return 0 < len(text) <= 64 and all(part.isdigit() for part in text.split("."))
