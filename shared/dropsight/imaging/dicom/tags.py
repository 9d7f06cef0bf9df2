"""The attributes that are read, and no others: what is not here never leaves the parser."""

from __future__ import annotations

from enum import IntEnum


class Tag(IntEnum):
    """(group << 16) | element; the name is the keyword of PS3.6."""

    TransferSyntaxUID = 0x00020010
    SOPInstanceUID = 0x00080018
    StudyDate = 0x00080020
    Modality = 0x00080060
    PresentationIntentType = 0x00080068
    CodeValue = 0x00080100
    PatientID = 0x00100020
    IssuerOfPatientID = 0x00100021
    BodyPartExamined = 0x00180015
    ImagerPixelSpacing = 0x00181164
    ViewPosition = 0x00185101
    SequenceOfUltrasoundRegions = 0x00186011
    RegionLocationMinX0 = 0x00186018
    RegionLocationMinY0 = 0x0018601A
    RegionLocationMaxX1 = 0x0018601C
    RegionLocationMaxY1 = 0x0018601E
    StudyInstanceUID = 0x0020000D
    SeriesInstanceUID = 0x0020000E
    Laterality = 0x00200060
    ImageLaterality = 0x00200062
    SamplesPerPixel = 0x00280002
    PhotometricInterpretation = 0x00280004
    PlanarConfiguration = 0x00280006
    NumberOfFrames = 0x00280008
    Rows = 0x00280010
    Columns = 0x00280011
    PixelSpacing = 0x00280030
    BitsAllocated = 0x00280100
    BitsStored = 0x00280101
    HighBit = 0x00280102
    PixelRepresentation = 0x00280103
    PixelPaddingValue = 0x00280120
    PixelPaddingRangeLimit = 0x00280121
    BurnedInAnnotation = 0x00280301
    WindowCenter = 0x00281050
    WindowWidth = 0x00281051
    RescaleIntercept = 0x00281052
    RescaleSlope = 0x00281053
    RescaleType = 0x00281054
    VOILUTFunction = 0x00281056
    RedPaletteColorLookupTableDescriptor = 0x00281101
    GreenPaletteColorLookupTableDescriptor = 0x00281102
    BluePaletteColorLookupTableDescriptor = 0x00281103
    RedPaletteColorLookupTableData = 0x00281201
    GreenPaletteColorLookupTableData = 0x00281202
    BluePaletteColorLookupTableData = 0x00281203
    SegmentedRedPaletteColorLookupTableData = 0x00281221
    SegmentedGreenPaletteColorLookupTableData = 0x00281222
    SegmentedBluePaletteColorLookupTableData = 0x00281223
    ModalityLUTSequence = 0x00283000
    LUTDescriptor = 0x00283002
    ModalityLUTType = 0x00283004
    LUTData = 0x00283006
    VOILUTSequence = 0x00283010
    FrameVOILUTSequence = 0x00289132
    PixelValueTransformationSequence = 0x00289145
    ViewCodeSequence = 0x00540220
    Units = 0x00541001
    SharedFunctionalGroupsSequence = 0x52009229
    PerFrameFunctionalGroupsSequence = 0x52009230
    ExtendedOffsetTable = 0x7FE00001
    FloatPixelData = 0x7FE00008
    DoubleFloatPixelData = 0x7FE00009
    PixelData = 0x7FE00010


KEPT = frozenset(int(tag) for tag in Tag)
SEQUENCES = frozenset(int(tag) for tag in Tag if "Sequence" in tag.name)
PIXELS = frozenset({int(Tag.FloatPixelData), int(Tag.DoubleFloatPixelData), int(Tag.PixelData)})


def name(tag: int) -> str:
    """`Rows (0028,0010)` for a known tag, `(0029,1010)` for any other."""
    number = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    return f"{Tag(tag).name} {number}" if tag in KEPT else number
