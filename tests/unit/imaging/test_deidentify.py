"""De-identification: pseudonyms, dates, burned-in text, and nothing else that the file says."""

from __future__ import annotations

import datetime
import re
import struct

import msgspec
import pytest

from dropsight.domain.errors import BurnedInText, PermanentError
from dropsight.imaging.deidentify import remap_uid, shift_date
from dropsight.imaging.dicom.tags import Tag
from dropsight.imaging.policy import ImagingPolicy
from tests.unit.imaging.dicom_bytes import Value, element, film, raw_element, sequence
from tests.unit.imaging.models import KEY, model, prepared

pytestmark = pytest.mark.unit

NAME = "DOE^JANE"
TEXT_VRS = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "UR")


def test_a_uid_becomes_one_of_its_own_under_2_25():
    mapped = remap_uid(KEY, "1.2.840.1")
    assert mapped is not None
    assert re.fullmatch(r"2\.25\.[1-9][0-9]{0,38}", mapped)
    assert mapped == remap_uid(KEY, "1.2.840.1")
    assert mapped != remap_uid(KEY, "1.2.840.2")
    assert mapped != remap_uid(b"another key", "1.2.840.1")


def test_dates_of_one_patient_move_together():
    first, second = (shift_date(KEY, "P-1\\", day) for day in ("20200101", "20200131"))
    assert first is not None
    assert second is not None
    one, two = datetime.date.fromisoformat(first), datetime.date.fromisoformat(second)
    assert (two - one).days == 30
    assert 1 <= (datetime.date(2020, 1, 1) - one).days <= 3650


@pytest.mark.parametrize("date", ["JANE DOE", "2020-01-01", "00010101", "", None])
def test_what_is_no_date_is_left_out(date: str | None):
    assert shift_date(KEY, "P-1\\", date) is None


def test_the_patient_id_is_a_pseudonym_that_depends_on_the_issuer():
    def patient(changes: dict[int, Value | None]) -> str | None:
        study = prepared(film(changes)).study
        assert study is not None
        return study.patient_id

    assert patient({}) == patient({})
    assert patient({}) != patient({Tag.PatientID: "P-2"})
    assert patient({}) != patient({Tag.IssuerOfPatientID: "WARD B"})
    assert patient({Tag.PatientID: None}) is None


def test_a_policy_without_a_key_is_refused():
    with pytest.raises(ValueError, match="empty key"):
        ImagingPolicy(pseudonym_key=b"")


def test_the_key_is_not_shown():
    assert "secret" not in repr(ImagingPolicy(pseudonym_key=KEY))


def identifiers() -> bytes:
    """A name in every text VR, in nested and private elements."""
    texts = b"".join(
        raw_element(0x00091001 + index, vr, NAME.encode()) for index, vr in enumerate(TEXT_VRS)
    )
    named = raw_element(0x00100010, "PN", NAME.encode())
    return texts + named + sequence(0x00400275, named)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {Tag.Modality: NAME},
        {Tag.BodyPartExamined: NAME},
        {Tag.ViewPosition: NAME},
        {Tag.ImageLaterality: NAME},
        {Tag.PatientID: NAME},
        {Tag.IssuerOfPatientID: NAME},
        {Tag.StudyInstanceUID: NAME},
        {Tag.StudyDate: NAME},
        {Tag.PixelSpacing: NAME},
        {Tag.PhotometricInterpretation: NAME},
        {Tag.PresentationIntentType: NAME},
        {Tag.WindowCenter: NAME, Tag.WindowWidth: NAME},
        {Tag.RescaleSlope: NAME},
        {Tag.NumberOfFrames: NAME},
        {Tag.VOILUTFunction: NAME},
        {Tag.BurnedInAnnotation: NAME},
    ],
)
def test_no_planted_name_comes_out_anywhere(changes: dict[int, Value | None]):
    named_meta = raw_element(0x00020016, "AE", NAME.encode())
    after_pixels = raw_element(0xFFFAFFFA, "LT", NAME.encode())
    whole = film(changes, identifiers())
    data = NAME.encode() * 16 + b"DICM" + named_meta + whole[132:] + after_pixels
    for manifest in (model(), model(modality=["MR"], body_part=["CHEST"], view=["PA"])):
        try:
            result = prepared(data, manifest)
            out = (
                result.frame.to_bytes() + msgspec.json.encode(result.study) + repr(result).encode()
            )
        except PermanentError as error:
            out = str(error).encode()
        assert b"DOE" not in out
        assert b"P-1" not in out


def regions(*corners: tuple[int, int, int, int]) -> bytes:
    """SequenceOfUltrasoundRegions with (left, top, right, bottom), all inclusive."""
    tags = (
        Tag.RegionLocationMinX0,
        Tag.RegionLocationMinY0,
        Tag.RegionLocationMaxX1,
        Tag.RegionLocationMaxY1,
    )
    items = [
        b"".join(element(tag, value) for tag, value in zip(tags, one, strict=True))
        for one in corners
    ]
    return sequence(Tag.SequenceOfUltrasoundRegions, *items)


BURNED: dict[int, Value | None] = {
    Tag.BurnedInAnnotation: "YES",
    Tag.BitsAllocated: 8,
    Tag.BitsStored: 8,
    Tag.HighBit: 7,
    Tag.PixelData: struct.pack("4B", 1, 2, 3, 4),
}


def test_burned_in_text_is_refused_unless_the_policy_says_otherwise():
    with pytest.raises(BurnedInText, match="DROPSIGHT_BURNED_IN"):
        prepared(film(BURNED))
    assert prepared(film(BURNED), burned_in="allow").frame.pixels.ravel().tolist() == [1, 2, 3, 4]


def test_masking_keeps_the_ultrasound_regions_and_nothing_else():
    result = prepared(film(BURNED, regions((1, 0, 1, 1))), burned_in="mask")
    assert result.frame.pixels.ravel().tolist() == [0, 2, 0, 4]
    assert result.display[0].ravel().tolist() == [0, 2, 0, 4]
    mask = next(step for step in result.frame.provenance if step.step == "mask")
    assert mask.parameters == {"kept": [[1, 0, 2, 2]]}


@pytest.mark.parametrize("extra", [b"", regions((9, 9, 10, 10)), regions((1, 1, 0, 0))])
def test_masking_without_a_region_in_the_image_is_refused(extra: bytes):
    with pytest.raises(BurnedInText, match="no region"):
        prepared(film(BURNED, extra), burned_in="mask")


def test_technical_attributes_are_rebuilt_from_numbers():
    study = prepared(film({Tag.PixelSpacing: "0.14300\\0.143 "})).study
    assert study is not None
    assert study.attributes["PixelSpacing"] == "0.143\\0.143"
    assert study.attributes["Rows"] == "2"
