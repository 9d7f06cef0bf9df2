"""The structure scan: bounded, iterative, and right about where values lie."""

from __future__ import annotations

import struct
import zlib

import pytest

from dropsight.domain.errors import BudgetExceeded, MalformedFile
from dropsight.imaging.dicom.file import inflate, read_file
from dropsight.imaging.dicom.tags import Tag
from dropsight.settings import Budgets
from tests.unit.imaging.dicom_bytes import (
    BIG_ENDIAN,
    DEFLATED,
    FILM,
    IMPLICIT,
    data_set,
    dicom,
    element,
    film,
    raw_element,
    sequence,
)

pytestmark = pytest.mark.unit


def nested(depth: int) -> bytes:
    """Private sequences of undefined length inside each other, all closed."""
    opened = struct.pack("<HH2sHI", 0x0009, 0x1001, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closed = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return (opened + item) * depth + closed * depth


@pytest.mark.parametrize(
    "data",
    [
        film(),
        dicom(data_set(FILM, implicit=True), IMPLICIT),
        dicom(data_set(FILM, order=">"), BIG_ENDIAN),
        data_set(FILM),
        data_set(FILM, implicit=True),
        data_set(FILM, order=">"),
    ],
)
def test_every_encoding_gives_the_same_attributes(data: bytes):
    dataset = read_file(data, Budgets()).dataset
    assert dataset.integer(Tag.Rows) == 2
    assert dataset.integer(Tag.BitsStored) == 12
    assert dataset.text(Tag.Modality) == "DX"


def test_a_deflated_data_set_is_read():
    engine = zlib.compressobj(wbits=-15)
    body = engine.compress(data_set(FILM)) + engine.flush()
    file = read_file(dicom(body, DEFLATED), Budgets())
    assert file.dataset.integer(Tag.Columns) == 2


def test_inflating_stops_at_the_budget():
    engine = zlib.compressobj(wbits=-15)
    bomb = engine.compress(bytes(50_000_000)) + engine.flush()
    assert len(bomb) < 100_000
    with pytest.raises(BudgetExceeded, match="DROPSIGHT_BUDGET_INFLATED_BYTES"):
        inflate(memoryview(bomb), 1_000_000)


def test_sequences_nested_deeper_than_the_budget_are_refused():
    read_file(film(extra=nested(16)), Budgets(sequence_depth=16))
    with pytest.raises(BudgetExceeded, match="nest more than 16 deep"):
        read_file(film(extra=nested(17)), Budgets(sequence_depth=16))


def test_more_elements_than_the_budget_are_refused():
    many = element(0x00091001, "X") * 100
    with pytest.raises(BudgetExceeded, match="more than 50 elements"):
        read_file(film(extra=many), Budgets(elements=50))


def test_a_value_that_reaches_past_the_end_of_the_file_is_refused():
    with pytest.raises(MalformedFile, match=r"\(0009,1001\).*past the end"):
        read_file(
            film({Tag.PixelData: None}, raw_element(0x00091001, "LO", b"x", length=99)), Budgets()
        )


def test_a_sequence_that_is_never_closed_is_refused():
    with pytest.raises(MalformedFile, match="not closed"):
        read_file(film({Tag.PixelData: None}, nested(2)[:-8]), Budgets())


def test_a_sequence_of_unknown_vr_is_implicit_inside():
    inner = element(Tag.RescaleSlope, "2", implicit=True)
    items = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    extra = raw_element(Tag.PixelValueTransformationSequence, "UN", items + end, length=0xFFFFFFFF)
    dataset = read_file(film(extra=extra), Budgets()).dataset
    assert dataset.items(Tag.PixelValueTransformationSequence)[0].decimal(Tag.RescaleSlope) == 2


def test_attributes_that_nothing_reads_never_leave_the_scanner():
    named = raw_element(0x00100010, "PN", b"DOE^JANE")
    private = sequence(0x00091002, raw_element(0x00100010, "PN", b"DOE^JANE"))
    dataset = read_file(film(extra=named + private), Budgets()).dataset
    assert 0x00100010 not in dataset.elements
    assert 0x00091002 not in dataset.elements


def test_an_icon_in_front_of_the_pixels_is_not_taken_for_the_image():
    icon = sequence(0x00880200, data_set({Tag.Rows: 64, Tag.PixelData: b"\0" * 8}))
    dataset = read_file(film(extra=icon), Budgets()).dataset
    assert dataset.integer(Tag.Rows) == 2


@pytest.mark.parametrize("text", ["1A", "NaN", "1e999", "--2"])
def test_text_that_is_no_finite_number_is_refused_without_repeating_it(text: str):
    dataset = read_file(film({Tag.WindowCenter: text}), Budgets()).dataset
    with pytest.raises(MalformedFile, match=r"WindowCenter \(0028,1050\)") as caught:
        dataset.decimal(Tag.WindowCenter)
    assert text not in str(caught.value)
