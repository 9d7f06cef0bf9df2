"""From one decoded frame to the image that is shown: greyscale, palette or colour."""

from __future__ import annotations

from typing import Any

from dropsight.domain.manifests import Window
from dropsight.domain.results import ProvenanceStep
from dropsight.imaging.dicom.colour import to_rgb
from dropsight.imaging.dicom.file import DicomFile
from dropsight.imaging.dicom.image import GREYSCALE, PALETTE, ImageHeader
from dropsight.imaging.dicom.palette import Palette, read_palette
from dropsight.imaging.dicom.pixels import decoder_name
from dropsight.imaging.dicom.stored import Decoded
from dropsight.imaging.dicom.values import frame_values
from dropsight.imaging.dicom.voi import read_greyscale
from dropsight.imaging.values import Rendered
from dropsight.imaging.windowing import Contrast


class Renderer:
    """Renders the frames of one file. `window` of the model overrides the file's own; `contrast`
    is for a file that has none either. `keep_values`: also what the window cuts off."""

    def __init__(
        self,
        file: DicomFile,
        header: ImageHeader,
        window: Window | None,
        contrast: Contrast = "percentile",
        keep_values: bool = False,
    ) -> None:
        self.file = file
        self.header = header
        self.window = window
        self.contrast = contrast
        self.keep_values = keep_values
        self.palette: Palette | None = None
        if header.photometric == PALETTE:
            self.palette = read_palette(file.dataset)

    def render(self, frame: Decoded, index: int) -> Rendered:
        """The image of frame `index`: uint8 or uint16, (rows, columns) or (rows, columns, 3)."""
        steps = [ProvenanceStep(step="decode", parameters=self._decoding())]
        if self.palette is not None:
            steps.append(ProvenanceStep(step="palette", parameters={"first": self.palette.first}))
            return Rendered(self.palette(frame.values()), steps)
        if self.header.photometric not in GREYSCALE:
            steps.append(
                ProvenanceStep(step="colour", parameters={"from": frame.photometric, "to": "RGB"})
            )
            return Rendered(to_rgb(frame, self.header.bits_stored), steps)
        greyscale, chosen = read_greyscale(self.file.dataset, self.header, index, self.window)
        greyscale, found = greyscale.resolve(frame, self.contrast)
        image = greyscale.render(frame)
        values = None
        if self.keep_values and image.dtype.itemsize > 1:
            values = frame_values(
                frame, greyscale, self.file.dataset, self.header, index, self.window
            )
        return Rendered(image, [*steps, *chosen, *found], values)

    def _decoding(self) -> dict[str, Any]:
        return {
            "transferSyntax": self.file.transfer_syntax,
            "decoder": decoder_name(self.file, self.header),
            "photometric": self.header.photometric,
            "bitsStored": self.header.bits_stored,
            "signed": self.header.signed,
        }
