"""The cheap first look at an upload: what it is, and what it declares."""

from __future__ import annotations

from dataclasses import dataclass

from dropsight.domain.manifests import Format
from dropsight.imaging.dicom.attributes import Attributes, read_attributes
from dropsight.imaging.dicom.file import DicomFile, read_file
from dropsight.imaging.dicom.image import ImageHeader, read_image_header
from dropsight.imaging.formats import recognise
from dropsight.imaging.limits import check_bytes
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.raster.header import RasterHeader, read_raster_header


@dataclass(frozen=True)
class DicomUpload:
    """The DICOM side of an upload."""

    file: DicomFile
    header: ImageHeader
    attributes: Attributes


@dataclass(frozen=True)
class Upload:
    """A file that was recognised and whose header passed the budgets. No pixel is decoded yet."""

    data: bytes
    format: Format
    source: DicomUpload | RasterHeader

    @property
    def transfer_syntax(self) -> str | None:
        """DICOM Transfer Syntax UID; None for other formats."""
        return self.source.file.transfer_syntax if isinstance(self.source, DicomUpload) else None

    @property
    def modality(self) -> str | None:
        """Modality (0008,0060) if it is a defined term."""
        if isinstance(self.source, DicomUpload):
            return self.source.attributes.modality.term
        return None

    @property
    def body_part(self) -> str | None:
        """Body Part Examined (0018,0015) if it is a defined term."""
        if isinstance(self.source, DicomUpload):
            return self.source.attributes.body_part.term
        return None

    @property
    def view(self) -> str | None:
        """View Position (0018,5101), or the word for View Code Sequence (0054,0220)."""
        if isinstance(self.source, DicomUpload):
            return self.source.attributes.view.term
        return None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, after EXIF orientation."""
        if isinstance(self.source, DicomUpload):
            return self.source.header.columns, self.source.header.rows
        return self.source.oriented_size


def open_upload(data: bytes, policy: ImagingPolicy) -> Upload:
    """Recognise `data` by its content and read its header within the budgets.

    Raises UnrecognisedFormat, MalformedFile, UnsupportedEncoding, NoPixels, BudgetExceeded.
    """
    budgets = policy.budgets
    check_bytes(data, budgets)
    found = recognise(data)
    if found != "dicom":
        return Upload(data, found, read_raster_header(data, found, budgets))
    file = read_file(data, budgets)
    header = read_image_header(file, budgets)
    return Upload(data, found, DicomUpload(file, header, read_attributes(file.dataset)))
