"""A refusal says what was expected and what was found."""

from __future__ import annotations

import struct

import pytest

from dropsight.domain.errors import ContractRefused
from dropsight.imaging.dicom.tags import Tag
from tests.unit.imaging.dicom_bytes import element, film, sequence
from tests.unit.imaging.models import model, prepared

pytestmark = pytest.mark.unit


def refusal(data: bytes, **accepts: object) -> str:
    with pytest.raises(ContractRefused) as caught:
        prepared(data, model(**accepts))  # type: ignore[arg-type]
    return str(caught.value)


def test_a_format_that_the_model_does_not_take():
    assert "format: expected png or jpeg, found dicom" in refusal(film(), formats=["png", "jpeg"])


def test_another_modality():
    said = refusal(film({Tag.Modality: "MR"}), modality=["DX", "CR"])
    assert "Modality (0008,0060): expected DX or CR, found MR" in said


def test_a_missing_modality_is_refused_where_one_is_asked_for():
    assert "found none" in refusal(film({Tag.Modality: None}), modality=["DX"])


def test_a_name_in_the_place_of_a_modality_is_not_repeated():
    said = refusal(film({Tag.Modality: "DOE JANE"}), modality=["DX"])
    assert "DOE" not in said
    assert "no defined term" in said


def test_an_empty_body_part_passes_and_another_one_does_not():
    prepared(film(), model(body_part=["CHEST"]))
    said = refusal(film({Tag.BodyPartExamined: "FOOT"}), body_part=["CHEST"])
    assert "Body Part Examined (0018,0015): expected CHEST, found FOOT" in said


def test_a_model_may_take_terms_that_the_standard_does_not_know():
    prepared(film({Tag.BodyPartExamined: "BLADE TIP"}), model(body_part=["blade tip"]))


def test_the_view_is_also_read_from_its_code():
    code = element(Tag.CodeValue, "R-10206")
    coded = film(extra=sequence(Tag.ViewCodeSequence, code))
    prepared(coded, model(view=["AP"]))
    assert "expected PA, found AP" in refusal(coded, view=["PA"])


def test_an_image_smaller_than_the_model_needs():
    said = refusal(film(), minimum_size=(512, 512))
    assert "expected at least 512 x 512 pixels, found 2 x 2" in said


def test_the_contract_is_checked_before_a_pixel_is_decoded():
    cut = film({Tag.Modality: "MR", Tag.PixelData: struct.pack("<H", 1)})
    assert "found MR" in refusal(cut, modality=["DX"])
