"""The frames of a DICOM file, decoded one by one."""

from __future__ import annotations

from collections.abc import Iterator

from dropsight.imaging.dicom import fragments, native
from dropsight.imaging.dicom.codecs import codec_for, decode_frame
from dropsight.imaging.dicom.file import DicomFile
from dropsight.imaging.dicom.image import ImageHeader
from dropsight.imaging.dicom.stored import Decoded
from dropsight.imaging.dicom.syntaxes import NATIVE


def decoder_name(file: DicomFile, header: ImageHeader) -> str:
    """What decodes this file, for the provenance. Raises UnsupportedEncoding."""
    if file.transfer_syntax in NATIVE:
        return "native"
    return codec_for(file.transfer_syntax, header).name


def iter_frames(file: DicomFile, header: ImageHeader) -> Iterator[Decoded]:
    """Each frame in turn; only one is held at a time. Raises MalformedFile."""
    if file.transfer_syntax in NATIVE:
        native.check_length(file.dataset, header)
        for index in range(header.frames):
            yield native.read_frame(file.dataset, header, index)
        return
    codec = codec_for(file.transfer_syntax, header)
    for spans in fragments.frame_spans(file.dataset, header.frames):
        source = fragments.join(file.dataset.data, spans)
        yield decode_frame(codec, source, header)
