"""Which greyscale transform a frame asks for: where the VOI window is read and chosen."""

from __future__ import annotations

from typing import Any

from dropsight.domain.errors import MalformedFile
from dropsight.domain.manifests import Window
from dropsight.domain.results import ProvenanceStep
from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.greyscale import Greyscale, Padding, Rescale
from dropsight.imaging.dicom.image import ImageHeader
from dropsight.imaging.dicom.lut import Lut, read_lut
from dropsight.imaging.dicom.tags import Tag, name
from dropsight.imaging.windowing import FullRange, VoiWindow, WindowFunction


def read_greyscale(
    dataset: DataSet, header: ImageHeader, index: int, fixed: Window | None
) -> tuple[Greyscale, list[ProvenanceStep]]:
    """The transform of frame `index` and its provenance.

    The window of the model (`fixed`) comes first, then the file's VOI LUT Sequence, then the
    first of its windows, then the full range of an image of 8 bits or fewer without rescale;
    failing all of these each frame gets a percentile window. In an enhanced multi-frame file
    the functional groups of the frame come before the data set. Raises MalformedFile.
    """
    modality, modality_parameters = _modality(dataset, header, index)
    voi, voi_parameters = _voi(dataset, header, index, fixed, modality)
    invert = header.photometric == "MONOCHROME1"
    padding = _padding(dataset, header)
    steps = [ProvenanceStep(step="modality", parameters=modality_parameters)]
    if voi is not None:
        steps.append(ProvenanceStep(step="voi", parameters=voi_parameters))
    if invert:
        steps.append(ProvenanceStep(step="invert", parameters={"photometric": "MONOCHROME1"}))
    if padding is not None:
        steps.append(
            ProvenanceStep(step="padding", parameters={"low": padding.low, "high": padding.high})
        )
    return Greyscale(modality, voi, invert, padding), steps


def _group(dataset: DataSet, macro: Tag, index: int) -> DataSet | None:
    """The item of a functional group macro for frame `index`: its own, else the shared one."""
    frames = dataset.items(Tag.PerFrameFunctionalGroupsSequence)[index : index + 1]
    for groups in (frames, dataset.items(Tag.SharedFunctionalGroupsSequence)[:1]):
        for group in groups:
            items = group.items(macro)
            if items:
                return items[0]
    return None


def transformation(dataset: DataSet, index: int) -> DataSet:
    """Where the rescale of frame `index` is declared."""
    return _group(dataset, Tag.PixelValueTransformationSequence, index) or dataset


def read_windows(dataset: DataSet, header: ImageHeader, index: int) -> list[VoiWindow]:
    """All windows that the file offers for frame `index`, in its order. Raises MalformedFile."""
    source = _group(dataset, Tag.FrameVOILUTSequence, index) or dataset
    return _windows(source, exact=header.is_float)


def _modality(
    dataset: DataSet, header: ImageHeader, index: int
) -> tuple[Rescale | Lut, dict[str, Any]]:
    luts = dataset.items(Tag.ModalityLUTSequence)
    if luts and not header.is_float:
        lut = read_lut(luts[0], header.signed)
        return lut, {"lut": {"entries": lut.descriptor.entries, "first": lut.descriptor.first}}
    source = transformation(dataset, index)
    slope = source.decimal(Tag.RescaleSlope)
    intercept = source.decimal(Tag.RescaleIntercept)
    if slope == 0:
        raise MalformedFile(
            f"{name(Tag.RescaleSlope)}: found 0, which makes every pixel the same; legal is any "
            "other number"
        )
    rescale = Rescale(1.0 if slope is None else slope, 0.0 if intercept is None else intercept)
    return rescale, {"slope": rescale.slope, "intercept": rescale.intercept}


def _voi(
    dataset: DataSet,
    header: ImageHeader,
    index: int,
    fixed: Window | None,
    modality: Rescale | Lut,
) -> tuple[VoiWindow | Lut | FullRange | None, dict[str, Any]]:
    if fixed is not None:
        window = VoiWindow(fixed.center, fixed.width, "LINEAR_EXACT")
        return window, {**window.parameters(), "source": "model"}
    source = _group(dataset, Tag.FrameVOILUTSequence, index) or dataset
    luts = source.items(Tag.VOILUTSequence)
    if luts and not header.is_float:
        lut = read_lut(luts[0], signed=header.signed or _reaches_below_zero(modality))
        return lut, {"lut": {"entries": lut.descriptor.entries, "first": lut.descriptor.first}}
    windows_of_file = _windows(source, exact=header.is_float)
    if windows_of_file:
        first = windows_of_file[0]
        return first, {**first.parameters(), "source": "file"}
    if header.bits_stored <= 8 and modality == Rescale():
        low = -(1 << (header.bits_stored - 1)) if header.signed else 0
        shown = FullRange(low, low + (1 << header.bits_stored) - 1, narrow=True)
        return shown, shown.parameters()
    return None, {}


def _reaches_below_zero(modality: Rescale | Lut) -> bool:
    return isinstance(modality, Rescale) and modality.intercept < 0


def _windows(source: DataSet, exact: bool) -> list[VoiWindow]:
    """Those with a positive width; none where the first has not.

    LINEAR is made for whole numbers: floating-point pixels (`exact`) and widths below 1, which
    it forbids, get LINEAR_EXACT.
    """
    centers, widths = source.decimals(Tag.WindowCenter), source.decimals(Tag.WindowWidth)
    if not centers or not widths or widths[0] <= 0:
        return []
    # An empty value in one of the lists shifts the pairs that follow: the first is sure.
    paired = len(centers) if len(centers) == len(widths) else 1
    declared = source.text(Tag.VOILUTFunction)
    return [
        VoiWindow(center, width, _function(declared, width, exact))
        for center, width in zip(centers[:paired], widths[:paired], strict=True)
        if width > 0
    ]


def _function(declared: str | None, width: float, exact: bool) -> WindowFunction:
    if declared == "SIGMOID":
        return "SIGMOID"
    return "LINEAR_EXACT" if declared == "LINEAR_EXACT" or exact or width < 1 else "LINEAR"


def _padding(dataset: DataSet, header: ImageHeader) -> Padding | None:
    value = dataset.integer(Tag.PixelPaddingValue, header.signed)
    if value is None or header.is_float:
        return None
    limit = dataset.integer(Tag.PixelPaddingRangeLimit, header.signed)
    limit = value if limit is None else limit
    return Padding(min(value, limit), max(value, limit))
