"""The samples are what they say, and say PHANTOM wherever a person's data would be."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.uid import DigitalXRayImageStorageForPresentation

from dropsight.cli.main import main
from dropsight.cli.samples.catalogue import microscope_sample, samples
from dropsight.cli.samples.film import chest_film
from dropsight.cli.samples.microscope import spot_frame
from dropsight.cli.samples.phantom import FULL_SCALE, draw_chest

pytestmark = pytest.mark.unit

# PS3.3 A.26.3 and C.8.11: type 1 and type 2 attributes of a DX image for presentation.
TYPE_1 = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "ImageType",
    "PresentationIntentType",
    "AnatomicRegionSequence",
    "ImageLaterality",
    "PatientOrientation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "PresentationLUTShape",
    "LossyImageCompression",
    "BurnedInAnnotation",
    "ImagerPixelSpacing",
    "WindowCenter",
    "WindowWidth",
    "PixelData",
]
TYPE_2 = [
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "ReferringPhysicianName",
    "AccessionNumber",
    "SeriesNumber",
    "InstanceNumber",
    "Manufacturer",
    "AcquisitionContextSequence",
    "DetectorType",
    "PositionerType",
]


@pytest.fixture(scope="module")
def film() -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(samples()[0].data))


def test_the_film_has_every_attribute_that_its_class_asks_for(film: pydicom.Dataset):
    assert film.file_meta.MediaStorageSOPClassUID == DigitalXRayImageStorageForPresentation
    assert [name for name in TYPE_1 if name not in film or film[name].is_empty] == []
    assert [name for name in TYPE_2 if name not in film] == []


@pytest.mark.parametrize(
    "keyword",
    [
        "PatientName",
        "PatientID",
        "AccessionNumber",
        "InstitutionName",
        "ReferringPhysicianName",
        "StudyID",
        "StudyDescription",
        "SeriesDescription",
        "ImageComments",
        "PatientComments",
        "DeviceSerialNumber",
    ],
)
def test_the_film_says_phantom(film: pydicom.Dataset, keyword: str):
    assert "PHANTOM" in str(film[keyword].value)


def test_the_films_pixels_are_the_drawn_ones(film: pydicom.Dataset):
    drawn = draw_chest(seed=7)

    assert drawn.dtype == np.uint16
    assert drawn.max() <= FULL_SCALE == 4095
    assert np.array_equal(film.pixel_array, drawn)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not():
    small = draw_chest(seed=1)

    assert np.array_equal(small, draw_chest(seed=1))
    assert not np.array_equal(small, draw_chest(seed=2))
    assert chest_film(small) == chest_film(small)


def test_lungs_are_darker_than_spine_and_the_opacity_brighter_than_the_lung_beside_it():
    drawn = draw_chest().astype(float)

    def mean(x: float, y: float) -> float:
        row, column = int(y * 1024), int((x + 1) * 440)
        return float(drawn[row - 12 : row + 12, column - 12 : column + 12].mean())

    assert mean(0.55, 0.45) < 0.6 * mean(0.0, 0.6)
    assert mean(-0.47, 0.625) > 1.15 * mean(0.62, 0.60)


def test_there_are_the_four_outcomes():
    assert [(sample.status, sample.code) for sample in samples()] == [
        ("explained", None),
        ("explained", None),
        ("failed", "contract-refused"),
        ("failed", "malformed-file"),
    ]


def test_the_microscope_frame_uses_a_few_percent_of_16_bits_and_is_the_same_each_time():
    frame = cv2.imdecode(np.frombuffer(spot_frame(), np.uint8), cv2.IMREAD_UNCHANGED)

    assert frame is not None
    assert (frame.dtype, frame.shape) == (np.uint16, (480, 640))
    assert 300 < np.median(frame) < 400  # the bias of 300 and some light
    assert 1000 < frame.max() < 3300  # 5 percent of 65535
    assert spot_frame() == spot_frame()


def test_samples_writes_every_sample_into_a_folder(tmp_path, capsys):
    assert main(["samples", str(tmp_path / "try")]) == 0

    names = {sample.name for sample in (*samples(), microscope_sample())}
    assert {path.name for path in (tmp_path / "try").iterdir()} == names
    said = capsys.readouterr().out
    assert all(name in said for name in names)
