"""De-identification by allow-list (PS3.15 annex E is the field's guide).

A study is built from the few attributes named here; nothing is copied and then cleaned. What
links files of one patient or one study is replaced by a keyed pseudonym: HMAC-SHA256 with a
secret key, so that nobody without the key can turn it back or test a guess.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac

from dropsight.domain.errors import BurnedInText, MalformedFile
from dropsight.domain.results import Study
from dropsight.imaging.dicom.attributes import Attributes, read_code
from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.image import ImageHeader
from dropsight.imaging.dicom.tags import Tag
from dropsight.imaging.dicom.terms import INTENTS
from dropsight.imaging.policy import ImagingPolicy

LARGEST_SHIFT_DAYS = 3650

Rectangle = tuple[int, int, int, int]
"""(left, top, right, bottom) in source pixels, right and bottom exclusive."""


def build_study(
    dataset: DataSet, attributes: Attributes, header: ImageHeader, policy: ImagingPolicy
) -> Study:
    """The de-identified attributes of a file."""
    key = policy.pseudonym_key
    patient = _patient(dataset)
    return Study(
        patient_id=_pseudonym(key, "patient", patient) if patient else None,
        modality=attributes.modality.term,
        body_part=attributes.body_part.term,
        view=attributes.view.term,
        laterality=attributes.laterality.term,
        study_uid=remap_uid(key, dataset.text(Tag.StudyInstanceUID)),
        series_uid=remap_uid(key, dataset.text(Tag.SeriesInstanceUID)),
        instance_uid=remap_uid(key, dataset.text(Tag.SOPInstanceUID)),
        study_date=shift_date(key, patient, dataset.text(Tag.StudyDate)),
        attributes=_technical(dataset, header),
    )


def remap_uid(key: bytes, uid: str | None) -> str | None:
    """A UID of its own for each UID: 2.25. and 128 bits of a keyed hash (PS3.5 B.2)."""
    if not uid:
        return None
    return f"2.25.{int.from_bytes(_mac(key, 'uid', uid)[:16])}"


def shift_date(key: bytes, patient: str | None, date: str | None) -> str | None:
    """YYYYMMDD as YYYY-MM-DD, 1 to 3650 days earlier, by as many for all of a patient's files.

    None without a patient to keep the shift for, and for anything that is not a date.
    """
    if not patient or date is None:
        return None
    try:
        day = datetime.datetime.strptime(date, "%Y%m%d").replace(tzinfo=datetime.UTC).date()
        days = int.from_bytes(_mac(key, "date", patient)[:8]) % LARGEST_SHIFT_DAYS + 1
        return (day - datetime.timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return None


def unmasked_regions(
    dataset: DataSet, header: ImageHeader, policy: ImagingPolicy
) -> list[Rectangle] | None:
    """Where pixels may stay by the policy for burned-in text; None: everywhere.

    Raises BurnedInText where the policy refuses, or has no region to keep.
    """
    if (dataset.text(Tag.BurnedInAnnotation) or "").upper() != "YES" or policy.burned_in == "allow":
        return None
    if policy.burned_in == "refuse":
        raise BurnedInText(
            "BurnedInAnnotation (0028,0301): found YES, the pixels may show who the patient is; "
            "send an image without text, or set DROPSIGHT_BURNED_IN to mask or allow"
        )
    regions = [
        region
        for item in dataset.items(Tag.SequenceOfUltrasoundRegions)
        if (region := _region(item, header)) is not None
    ]
    if not regions:
        raise BurnedInText(
            "BurnedInAnnotation (0028,0301): found YES, and SequenceOfUltrasoundRegions "
            "(0018,6011) declares no region to keep; send an image without text, or set "
            "DROPSIGHT_BURNED_IN to allow"
        )
    return regions


def _region(item: DataSet, header: ImageHeader) -> Rectangle | None:
    """One ultrasound region (PS3.3 C.8.5.5), cut to the image; its corners are inclusive."""
    corners = [
        item.integer(tag)
        for tag in (
            Tag.RegionLocationMinX0,
            Tag.RegionLocationMinY0,
            Tag.RegionLocationMaxX1,
            Tag.RegionLocationMaxY1,
        )
    ]
    left, top, right, bottom = (-1 if corner is None else corner for corner in corners)
    right, bottom = min(right + 1, header.columns), min(bottom + 1, header.rows)
    return (left, top, right, bottom) if 0 <= left < right and 0 <= top < bottom else None


def _patient(dataset: DataSet) -> str | None:
    """Patient ID with its issuer: two hospitals may number two people alike."""
    patient = dataset.text(Tag.PatientID)
    return patient and f"{patient}\\{dataset.text(Tag.IssuerOfPatientID) or ''}"


def patient_pseudonym(key: bytes, patient_id: str, issuer: str = "") -> str:
    """`Study.patient_id` of this Patient ID (0010,0020) and its issuer (0010,0021)."""
    return _pseudonym(key, "patient", f"{patient_id}\\{issuer}")


def _pseudonym(key: bytes, purpose: str, value: str) -> str:
    """26 lower-case base32 characters (130 bits)."""
    return base64.b32encode(_mac(key, purpose, value)).decode().lower()[:26]


def _mac(key: bytes, purpose: str, value: str) -> bytes:
    return hmac.digest(key, f"{purpose}\0{value}".encode(), hashlib.sha256)


def _technical(dataset: DataSet, header: ImageHeader) -> dict[str, str]:
    """Attributes of the image itself, each rebuilt from checked values."""
    technical = {
        "Rows": str(header.rows),
        "Columns": str(header.columns),
        "NumberOfFrames": str(header.frames),
        "PhotometricInterpretation": header.photometric,
        "BitsStored": str(header.bits_stored),
    }
    intent = read_code(dataset, Tag.PresentationIntentType, INTENTS).term
    if intent is not None:
        technical["PresentationIntentType"] = intent
    for tag in (Tag.PixelSpacing, Tag.ImagerPixelSpacing):
        spacing = _spacing(dataset, tag)
        if spacing is not None:
            technical[tag.name] = spacing
    return technical


def _spacing(dataset: DataSet, tag: Tag) -> str | None:
    """Two lengths in millimetres that an image can have; None otherwise."""
    try:
        values = dataset.decimals(tag)
    except MalformedFile:
        return None  # optional, and not worth losing the image for
    if len(values) != 2 or not all(1e-6 <= value <= 1e3 for value in values):
        return None
    return "\\".join(f"{value:.4g}" for value in values)
