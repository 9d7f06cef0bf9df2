"""Damage at random: whatever the bytes, the answer is a frame or a refusal."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dropsight.domain.errors import PermanentError
from dropsight.imaging.dicom.tags import Tag
from tests.unit.imaging.dicom_bytes import (
    FILM,
    IMPLICIT,
    RLE,
    data_set,
    dicom,
    element,
    film,
    fragments,
    sequence,
)
from tests.unit.imaging.models import model, prepared

pytestmark = pytest.mark.integration

BOUNDED = settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((32, 24)).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


WHOLE = [
    film(),
    film({Tag.WindowCenter: "2048", Tag.WindowWidth: "4096", Tag.RescaleSlope: "1"}),
    film(
        extra=sequence(
            Tag.VOILUTSequence,
            element(Tag.LUTDescriptor, [2, 0, 16]) + element(Tag.LUTData, b"\0\0\xff\xff"),
        )
    ),
    dicom(data_set(FILM, implicit=True), IMPLICIT),
    data_set(FILM, order=">"),
    dicom(
        data_set({**FILM, Tag.PixelData: None})
        + fragments(b"\2\0\0\0\x40\0\0\0\x46\0\0\0" + bytes(52) + b"\3\0\0\0\0\x80" * 2),
        RLE,
    ),
    *(picture(kind) for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP")),
]


def outcome(data: bytes) -> str:
    try:
        prepared(data, model(8, 8))
    except PermanentError as error:
        return error.code
    return "ok"


def test_the_files_are_readable_before_they_are_damaged():
    assert [outcome(data) for data in WHOLE] == ["ok"] * len(WHOLE)


@BOUNDED
@given(st.binary(max_size=400))
def test_random_bytes(data: bytes):
    assert outcome(data)
    assert outcome(bytes(128) + b"DICM" + data)


@BOUNDED
@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
)
def test_bytes_overwritten(whole: bytes, changes: list[tuple[float, int]]):
    data = bytearray(whole)
    for where, value in changes:
        data[int(where * len(data))] = value
    assert outcome(bytes(data))


@BOUNDED
@given(st.sampled_from(WHOLE), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=12))
def test_a_piece_lost_or_slipped_in(whole: bytes, one: float, other: float, slipped: bytes):
    start, end = sorted((int(one * len(whole)), int(other * len(whole))))
    assert outcome(whole[:start] + slipped + whole[end:])
    assert outcome(whole[:end] + slipped + whole[end:])


@BOUNDED
@given(
    st.sampled_from([tag for tag in Tag if tag > Tag.TransferSyntaxUID and tag != Tag.PixelData]),
    st.one_of(
        st.integers(0, 65535), st.text("0123456789.\\-eNa ", max_size=12), st.binary(max_size=9)
    ),
)
def test_any_attribute_with_any_value(tag: Tag, value: int | str | bytes):
    assert outcome(film({tag: value}))
