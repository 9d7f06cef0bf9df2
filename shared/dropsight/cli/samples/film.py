"""The phantom as a proper DICOM file: Digital X-Ray Image, for presentation (PS3.3 A.26)."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

LABEL = "PHANTOM"
COMMENT = "PHANTOM, drawn by a program: not a person, not for diagnosis"


def chest_film(pixels: npt.NDArray[np.uint16], seed: int = 7) -> bytes:
    """A DICOM file (PS3.10) of `pixels`: uint16, shape (rows, columns), 12 bits, MONOCHROME2."""
    uid = {
        part: generate_uid(entropy_srcs=["dropsight", LABEL, part, str(seed)])
        for part in ("study", "series", "instance")
    }
    data = Dataset()
    data.file_meta = _file_meta(uid["instance"])
    _identity(data, uid)
    _acquisition(data)
    _image(data, pixels)
    out = io.BytesIO()
    dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


def _file_meta(instance: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = instance
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return meta


def _identity(data: Dataset, uid: dict[str, str]) -> None:
    data.SpecificCharacterSet = "ISO_IR 192"
    data.ImageType = ["ORIGINAL", "PRIMARY", ""]
    data.SOPClassUID = DigitalXRayImageStorageForPresentation
    data.SOPInstanceUID = uid["instance"]
    data.StudyInstanceUID = uid["study"]
    data.SeriesInstanceUID = uid["series"]
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = "20240101"
    data.StudyTime = data.SeriesTime = data.AcquisitionTime = data.ContentTime = "120000"
    data.AccessionNumber = LABEL
    data.Manufacturer = "dropsight sample generator"
    data.ManufacturerModelName = LABEL
    data.DeviceSerialNumber = LABEL
    data.SoftwareVersions = "1"
    data.InstitutionName = LABEL
    data.ReferringPhysicianName = f"{LABEL}^{LABEL}"
    data.StudyDescription = f"{LABEL} chest"
    data.SeriesDescription = f"{LABEL} frontal"
    data.PatientName = f"{LABEL}^CHEST"
    data.PatientID = f"{LABEL}-1"
    data.PatientBirthDate = ""
    data.PatientSex = ""
    data.PatientComments = COMMENT
    data.StudyID = LABEL
    data.SeriesNumber = 1
    data.InstanceNumber = 1
    data.ImageComments = COMMENT
    data.QualityControlSubject = "YES"


def _acquisition(data: Dataset) -> None:
    data.Modality = "DX"
    data.PresentationIntentType = "FOR PRESENTATION"
    data.BodyPartExamined = "CHEST"
    data.ViewPosition = "PA"
    data.PatientOrientation = ["L", "F"]
    data.ImageLaterality = "U"
    data.AnatomicRegionSequence = Sequence([_code("816094009", "SCT", "Chest")])
    view = _code("272479007", "SCT", "Postero-anterior")
    view.ViewModifierCodeSequence = Sequence([])
    data.ViewCodeSequence = Sequence([view])
    data.AcquisitionContextSequence = Sequence([])
    data.DetectorType = ""
    data.PositionerType = ""
    data.ImagerPixelSpacing = [0.4, 0.4]
    data.BurnedInAnnotation = "NO"


def _image(data: Dataset, pixels: npt.NDArray[np.uint16]) -> None:
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.PixelRepresentation = 0
    data.PixelIntensityRelationship = "LIN"
    data.PixelIntensityRelationshipSign = -1  # more X-rays, lower value: bone is bright
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = 0, 1, "US"
    data.PresentationLUTShape = "IDENTITY"
    data.LossyImageCompression = "00"
    data.WindowCenter, data.WindowWidth = 2048, 4096
    data.WindowCenterWidthExplanation = f"{LABEL} full range"
    data.PixelData = pixels.astype("<u2").tobytes()


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
