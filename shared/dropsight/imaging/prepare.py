"""From an upload to the frame that a model reads: the one entry to imaging."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Format, Manifest
from dropsight.domain.results import ProvenanceStep, Study
from dropsight.imaging.assembly import Assembly, Display
from dropsight.imaging.contract import check_contract
from dropsight.imaging.deidentify import Rectangle, build_study, unmasked_regions
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.raster.header import RasterHeader
from dropsight.imaging.upload import DicomUpload, Upload, open_upload
from dropsight.imaging.values import FrameValues, Rendered
from dropsight.imaging.windowing import Image

__all__ = ["ImagingPolicy", "Prepared", "Upload", "open_upload", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """What ingest writes down. No value here names a person.

    display
        For each frame the source-sized image for people: uint8, shape (height, width), or
        (height, width, 3) in RGB. Together they stay under the budget `decoded_bytes`.
    values
        For each frame what it holds beyond its `display`, or None; empty where nobody asked.
    timeline
        Milliseconds by step: `decode` (which includes de-identification), `window`, `resize`.
    """

    frame: Frame
    display: list[Display]
    study: Study | None
    format: Format
    transfer_syntax: str | None
    width: int
    height: int
    values: list[FrameValues | None] = field(default_factory=list)
    timeline: dict[str, float] = field(default_factory=dict)


def prepare(
    upload: Upload, manifest: Manifest, policy: ImagingPolicy, *, keep_values: bool = False
) -> Prepared:
    """Check the input contract, de-identify, decode, window and resize.

    `keep_values`: also keep the values of greyscale of more than 8 bits, for viewers, unless all
    frames together exceed the budget `value_bytes` or parts of the image have to be masked.

    The contract is checked before a pixel is decoded. Raises ContractRefused, BurnedInText,
    MalformedFile, UnsupportedEncoding, BudgetExceeded; whatever the bytes, nothing else.
    """
    width, height = upload.size
    source = upload.source
    attributes = source.attributes if isinstance(source, DicomUpload) else None
    check_contract(manifest, upload.format, attributes, width, height)
    clock = _Clock()
    study: Study | None = None
    if isinstance(source, DicomUpload):
        study = build_study(source.file.dataset, source.attributes, source.header, policy)
        regions = unmasked_regions(source.file.dataset, source.header, policy)
        frames = source.header.frames
        keep_values &= regions is None
    else:
        frames = source.pages
    keep_values &= frames * width * height * 2 <= policy.budgets.value_bytes
    images = (
        _dicom_images(source, manifest, regions, clock, keep_values)
        if isinstance(source, DicomUpload)
        else _raster_images(upload, source, manifest, clock, keep_values)
    )
    assembly = Assembly(manifest.input, frames, width, height, policy.budgets.decoded_bytes)
    provenance: list[ProvenanceStep] = []
    values: list[FrameValues | None] = []
    for index, rendered in enumerate(images):
        provenance.extend(_news(rendered.steps, provenance, index))
        clock.restart()
        assembly.add(rendered.image)
        clock.stop("resize")
        if keep_values:
            values.append(rendered.values)
    provenance.append(ProvenanceStep(step="resize", parameters=assembly.geometry.parameters()))
    return Prepared(
        frame=assembly.frame(provenance),
        display=assembly.displays,
        study=study,
        format=upload.format,
        transfer_syntax=upload.transfer_syntax,
        width=width,
        height=height,
        values=values,
        timeline=clock.timeline,
    )


def _dicom_images(
    source: DicomUpload,
    manifest: Manifest,
    regions: list[Rectangle] | None,
    clock: _Clock,
    keep_values: bool,
) -> Iterator[Rendered]:
    # Decoding is imported here: a refused file never needs it.
    from dropsight.imaging.dicom.pixels import iter_frames  # noqa: PLC0415
    from dropsight.imaging.dicom.render import Renderer  # noqa: PLC0415

    spec = manifest.input
    renderer = Renderer(source.file, source.header, spec.window, spec.contrast, keep_values)
    clock.restart()
    for index, decoded in enumerate(iter_frames(source.file, source.header)):
        clock.stop("decode")
        clock.restart()
        rendered = renderer.render(decoded, index)
        if regions is not None:
            kept = {"kept": [list(one) for one in regions]}
            steps = [*rendered.steps, ProvenanceStep(step="mask", parameters=kept)]
            rendered = Rendered(_masked(rendered.image, regions), steps)
        clock.stop("window")
        yield rendered
        clock.restart()


def _raster_images(
    upload: Upload, header: RasterHeader, manifest: Manifest, clock: _Clock, keep_values: bool
) -> Iterator[Rendered]:
    from dropsight.imaging.raster.decode import iter_images  # noqa: PLC0415

    clock.restart()
    contrast = manifest.input.contrast
    for rendered in iter_images(upload.data, upload.format, header, contrast, keep_values):
        clock.stop("decode")
        yield rendered
        clock.restart()


def _masked(image: Image, regions: list[Rectangle]) -> Image:
    """Zero outside `regions`."""
    masked = image.copy()
    masked[:] = 0
    for left, top, right, bottom in regions:
        masked[top:bottom, left:right] = image[top:bottom, left:right]
    return masked


def _news(
    steps: list[ProvenanceStep], known: list[ProvenanceStep], index: int
) -> Iterator[ProvenanceStep]:
    """Steps of a later frame that differ from those before it, marked with its index."""
    for step in steps:
        if index == 0:
            yield step
        elif step not in known:
            yield ProvenanceStep(step=step.step, parameters={**step.parameters, "frame": index})


class _Clock:
    """Adds up milliseconds by step."""

    def __init__(self) -> None:
        self.timeline: dict[str, float] = {}
        self._since = time.perf_counter()

    def restart(self) -> None:
        self._since = time.perf_counter()

    def stop(self, step: str) -> None:
        spent = (time.perf_counter() - self._since) * 1000.0
        self.timeline[step] = self.timeline.get(step, 0.0) + spent
