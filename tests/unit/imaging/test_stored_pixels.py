"""Stored values, byte by byte: packing, order, planes, fragments, palettes and colour."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from dropsight.domain.errors import (
    BudgetExceeded,
    MalformedFile,
    NoPixels,
    PermanentError,
    UnsupportedEncoding,
)
from dropsight.imaging.codestream import check_segments, parse_j2k, parse_jpeg
from dropsight.imaging.dicom.colour import to_rgb, ybr_to_rgb
from dropsight.imaging.dicom.file import read_file
from dropsight.imaging.dicom.image import read_image_header
from dropsight.imaging.dicom.pixels import iter_frames
from dropsight.imaging.dicom.stored import Decoded
from dropsight.imaging.dicom.tags import Tag
from dropsight.settings import Budgets
from tests.unit.imaging.dicom_bytes import (
    BIG_ENDIAN,
    FILM,
    RLE,
    Value,
    data_set,
    dicom,
    film,
    fragments,
)
from tests.unit.imaging.models import model, prepared

pytestmark = pytest.mark.unit

EIGHT_BITS: dict[int, Value | None] = {
    Tag.BitsAllocated: 8,
    Tag.BitsStored: 8,
    Tag.HighBit: 7,
}
COLOUR: dict[int, Value | None] = {
    **EIGHT_BITS,
    Tag.SamplesPerPixel: 3,
    Tag.PhotometricInterpretation: "RGB",
    Tag.PlanarConfiguration: 0,
    Tag.Rows: 1,
}


def stored(data: bytes) -> list[list[int]]:
    """Stored values of each frame, flat."""
    file = read_file(data, Budgets())
    header = read_image_header(file, Budgets())
    return [frame.values().ravel().tolist() for frame in iter_frames(file, header)]


def rle_frame(*planes: bytes) -> bytes:
    """RLE Lossless (PS3.5 G.4) of literal runs only."""
    segments = [bytes([len(plane) - 1]) + plane for plane in planes]
    segments = [segment + b"\x80" * (len(segment) % 2) for segment in segments]
    offsets = [64 + sum(map(len, segments[:index])) for index in range(len(segments))]
    header = struct.pack("<16I", len(planes), *offsets, *[0] * (15 - len(planes)))
    return header + b"".join(segments)


def test_frames_of_single_bits_follow_each_other_without_padding():
    """Two frames of 1 x 3 bits: 101 and 011, first pixel in the lowest bit: 00 110 101."""
    data = film(
        {
            Tag.BitsAllocated: 1,
            Tag.BitsStored: 1,
            Tag.HighBit: 0,
            Tag.Rows: 1,
            Tag.Columns: 3,
            Tag.NumberOfFrames: "2",
            Tag.PixelData: bytes([0b00_110_101, 0]),
        }
    )
    assert stored(data) == [[1, 0, 1], [0, 1, 1]]


def test_eight_bits_in_big_endian_words_are_swapped_in_pairs():
    values = {**FILM, **EIGHT_BITS, Tag.Rows: 1, Tag.Columns: 3, Tag.PixelData: b"\2\1\0\3"}
    assert stored(dicom(data_set(values, order=">"), BIG_ENDIAN)) == [[1, 2, 3]]


def test_colour_by_plane_and_by_pixel_give_the_same_picture():
    by_pixel = film({**COLOUR, Tag.PixelData: bytes([1, 2, 3, 4, 5, 6])})
    by_plane = film(
        {**COLOUR, Tag.PlanarConfiguration: 1, Tag.PixelData: bytes([1, 4, 2, 5, 3, 6])}
    )
    assert stored(by_pixel) == stored(by_plane) == [[1, 2, 3, 4, 5, 6]]


def test_ybr_full_422_shares_its_chroma_between_two_pixels():
    data = film(
        {
            **COLOUR,
            Tag.PhotometricInterpretation: "YBR_FULL_422",
            Tag.PixelData: bytes([10, 20, 128, 130]),
        }
    )
    assert stored(data) == [[10, 128, 130, 20, 128, 130]]


@pytest.mark.parametrize(
    ("ybr", "rgb"),
    [
        ((128, 128, 128), (128, 128, 128)),
        ((76, 85, 255), (254, 0, 0)),
        ((255, 128, 0), (76, 255, 255)),
    ],
)
def test_ybr_becomes_rgb_by_the_equations_of_the_standard(ybr, rgb):
    assert ybr_to_rgb(np.array([[ybr]], np.uint8)).ravel().tolist() == list(rgb)


def test_twelve_bit_colour_reaches_full_scale():
    """A decoder gives 12 bits in 16-bit words: 4095 is white, 2048 half of it."""
    pixels = np.array([[[0, 2048, 4095]]], np.uint16)
    image = to_rgb(Decoded(pixels, "RGB", bits=16), bits_stored=12)
    assert image.ravel().tolist() == [0, round(2048 / 4095 * 65535), 65535]


def test_rle_planes_are_high_byte_first():
    body = data_set({**FILM, Tag.PixelData: None}) + fragments(
        rle_frame(bytes([0, 1, 2, 3]), bytes([9, 8, 7, 6]))
    )
    assert stored(dicom(body, RLE)) == [[9, 256 + 8, 512 + 7, 768 + 6]]


def test_an_offset_table_tells_frames_of_several_fragments_apart():
    first, second = rle_frame(b"\0" * 4, b"\1\1\1\1"), rle_frame(b"\0" * 4, b"\2\2\2\2")
    parts = [first[:70], first[70:], second]
    offsets = [0, len(first) + 16]
    body = data_set({**FILM, Tag.NumberOfFrames: "2", Tag.PixelData: None})
    data = dicom(body + fragments(*parts, offsets=offsets), RLE)
    assert stored(data) == [[1] * 4, [2] * 4]


def test_an_offset_table_that_fits_no_fragment_is_passed_over():
    frame = rle_frame(b"\0" * 4, b"\1\1\1\1")
    body = data_set({**FILM, Tag.NumberOfFrames: "2", Tag.PixelData: None})
    data = dicom(body + fragments(frame, frame, offsets=[0, 7]), RLE)
    assert stored(data) == [[1] * 4, [1] * 4]


def test_fewer_fragments_than_frames_are_refused():
    body = data_set({**FILM, Tag.NumberOfFrames: "3", Tag.PixelData: None})
    with pytest.raises(MalformedFile, match="3 frames are declared"):
        stored(dicom(body + fragments(b"\0" * 64, b"\0" * 64), RLE))


def test_a_deflated_frame_that_inflates_without_end_is_stopped():
    engine = zlib.compressobj(wbits=-15)
    bomb = engine.compress(bytes(10_000_000)) + engine.flush()
    body = data_set({**FILM, Tag.PixelData: None}) + fragments(bomb + b"\0" * (len(bomb) % 2))
    with pytest.raises(MalformedFile, match="holds more than the 8 bytes"):
        stored(dicom(body, "1.2.840.10008.1.2.8.1"))


def palette(red: list[int], segmented: bool = False) -> bytes:
    """Three entries; green and blue are zero. 16-bit words of 8-bit colour."""
    zero = struct.pack("<3H", 0, 0, 0)
    tag = Tag.SegmentedRedPaletteColorLookupTableData
    values: dict[int, Value | None] = {
        **EIGHT_BITS,
        Tag.PhotometricInterpretation: "PALETTE COLOR",
        Tag.Rows: 1,
        Tag.Columns: 3,
        Tag.PixelData: b"\0\1\2\0",
        Tag.RedPaletteColorLookupTableDescriptor: [3, 0, 16],
        Tag.GreenPaletteColorLookupTableDescriptor: [3, 0, 16],
        Tag.BluePaletteColorLookupTableDescriptor: [3, 0, 16],
        (tag if segmented else Tag.RedPaletteColorLookupTableData): struct.pack(
            f"<{len(red)}H", *red
        ),
        Tag.GreenPaletteColorLookupTableData: zero,
        Tag.BluePaletteColorLookupTableData: zero,
    }
    return film(values)


def reds(data: bytes) -> list[int]:
    row = prepared(data, model(3, 1, channels=3)).frame.pixels[0, 0, :, 0]
    return [int(value) for value in row]


def test_a_palette_gives_its_high_bytes():
    assert reds(palette([0x1100, 0x2200, 0xFF00])) == [0x11, 0x22, 0xFF]


def test_a_segmented_palette_is_a_discrete_value_and_a_line():
    """Discrete: one entry 0x1000. Linear: two more entries up to 0x3000."""
    assert reds(palette([0, 1, 0x1000, 1, 2, 0x3000], segmented=True)) == [0x10, 0x20, 0x30]


@pytest.mark.parametrize(
    "segments",
    [[1, 2, 0x3000], [2, 9, 0, 0], [0, 1, 7, 2, 65535, 0, 0], [9, 9, 9], [], [0, 1, 7]],
)
def test_segments_that_are_illegal_or_too_short_are_refused(segments: list[int]):
    with pytest.raises(MalformedFile):
        reds(palette(segments, segmented=True))


def test_a_palette_shorter_than_its_descriptor_is_refused():
    with pytest.raises(MalformedFile, match="asks for 3 entries"):
        reds(palette([1, 2]))


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({Tag.PixelData: None}, NoPixels, "no Pixel Data"),
        ({Tag.Rows: 0}, MalformedFile, r"Rows \(0028,0010\): found 0"),
        ({Tag.Rows: None}, MalformedFile, r"Rows \(0028,0010\): missing"),
        ({Tag.BitsStored: 17}, MalformedFile, "BitsStored.*found 17, legal are 1 to 16"),
        ({Tag.HighBit: 15}, UnsupportedEncoding, "HighBit.*found 15"),
        ({Tag.BitsAllocated: 12}, UnsupportedEncoding, "BitsAllocated.*found 12"),
        ({Tag.SamplesPerPixel: 9}, MalformedFile, "SamplesPerPixel.*found 9"),
        ({Tag.SamplesPerPixel: 2}, UnsupportedEncoding, "with 2 samples"),
        ({Tag.PhotometricInterpretation: None}, MalformedFile, "missing"),
        ({Tag.PhotometricInterpretation: "DOE JANE"}, UnsupportedEncoding, "not read here"),
        ({Tag.NumberOfFrames: "-1"}, MalformedFile, "NumberOfFrames"),
        ({Tag.NumberOfFrames: "2147483647"}, BudgetExceeded, "DROPSIGHT_BUDGET_FRAMES"),
        ({Tag.Rows: 65535, Tag.Columns: 65535}, BudgetExceeded, "DROPSIGHT_BUDGET_PIXELS"),
        ({Tag.PixelData: b"\0\0"}, MalformedFile, "found 2 bytes.*ask for 8"),
        ({Tag.PixelRepresentation: 7}, MalformedFile, "PixelRepresentation.*found 7"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused_with_what_is_legal(
    changes: dict[int, Value | None], error: type[PermanentError], says: str
):
    with pytest.raises(error, match=says) as caught:
        prepared(film(changes))
    assert "DOE" not in str(caught.value)


def test_an_unknown_transfer_syntax_is_refused():
    with pytest.raises(UnsupportedEncoding, match=r"1\.2\.3\.4"):
        prepared(dicom(data_set(FILM), "1.2.3.4"))


def test_a_jpeg_header_is_read_up_to_its_frame():
    app = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\1"
    frame = b"\xff\xc0\0\x11\x08\0\x10\0\x20\3\1\x11\0\2\x11\1\3\x11\1"
    stream = parse_jpeg(b"\xff\xd8" + app + frame)
    assert (stream.width, stream.height, stream.components, stream.precision) == (32, 16, 3, 8)
    assert stream.adobe_transform == 1


def test_a_jpeg_2000_header_gives_size_precision_and_sign():
    siz = struct.pack(">HHIIIIIIIIHBBB", 41, 0, 300, 200, 100, 0, 1, 1, 0, 0, 1, 0x8B, 1, 1)
    stream = parse_j2k(b"\xff\x4f\xff\x51" + siz)
    assert (stream.width, stream.height, stream.precision, stream.signed) == (200, 200, 12, True)


def test_a_jpeg_whose_segments_do_not_follow_each_other_never_reaches_gdcm():
    with pytest.raises(MalformedFile, match="no JPEG marker"):
        check_segments(b"\xff\xd8\xff\xc3\0\4\0\0\x6b\xc4\0\4\0\0\xff\xda\0\4\0\0")
