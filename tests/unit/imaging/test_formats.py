"""Files are recognised by their bytes."""

from __future__ import annotations

import pytest

from dropsight.domain.errors import UnrecognisedFormat
from dropsight.imaging.formats import recognise
from tests.unit.imaging.dicom_bytes import FILM, data_set, film

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (film(), "dicom"),
        (data_set(FILM), "dicom"),
        (data_set(FILM, implicit=True), "dicom"),
        (data_set(FILM, order=">"), "dicom"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"II+\0", "tiff"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        (b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(12), "bmp"),
    ],
)
def test_a_file_is_recognised_by_its_first_bytes(data: bytes, expected: str):
    assert recognise(data) == expected


@pytest.mark.parametrize("data", [b"", b"hello, this is text of some length", b"%PDF-1.7" * 4])
def test_anything_else_is_refused_with_the_formats_that_are_read(data: bytes):
    with pytest.raises(UnrecognisedFormat, match="send DICOM, PNG, JPEG, TIFF, WebP or BMP"):
        recognise(data)


def test_a_text_that_begins_with_bm_is_no_bitmap():
    with pytest.raises(UnrecognisedFormat):
        recognise(b"BMW is a maker of cars, and this a sentence.")
