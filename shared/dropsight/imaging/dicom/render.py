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
from dropsight.imaging.dicom.voi import read_greyscale
from dropsight.imaging.windowing import Contrast, Image


class Renderer:
    """Renders the frames of one file. `window` of the model overrides the file's own; `contrast`
    is for a file that has none either."""

    def __init__(
        self,
        file: DicomFile,
        header: ImageHeader,
        window: Window | None,
        contrast: Contrast = "percentile",
    ) -> None:
        self.file = file
        self.header = header
        self.window = window
        self.contrast = contrast
        self.palette: Palette | None = None
        if header.photometric == PALETTE:
            self.palette = read_palette(file.dataset)

    def render(self, frame: Decoded, index: int) -> tuple[Image, list[ProvenanceStep]]:
        """The image of frame `index`: uint8 or uint16, (rows, columns) or (rows, columns, 3)."""
        steps = [ProvenanceStep(step="decode", parameters=self._decoding())]
        if self.palette is not None:
            steps.append(ProvenanceStep(step="palette", parameters={"first": self.palette.first}))
            return self.palette(frame.values()), steps
        if self.header.photometric not in GREYSCALE:
            steps.append(
                ProvenanceStep(step="colour", parameters={"from": frame.photometric, "to": "RGB"})
            )
            return to_rgb(frame, self.header.bits_stored), steps
        greyscale, chosen = read_greyscale(self.file.dataset, self.header, index, self.window)
        greyscale, found = greyscale.resolve(frame, self.contrast)
        return greyscale.render(frame), [*steps, *chosen, *found]

    def _decoding(self) -> dict[str, Any]:
        return {
            "transferSyntax": self.file.transfer_syntax,
            "decoder": decoder_name(self.file, self.header),
            "photometric": self.header.photometric,
            "bitsStored": self.header.bits_stored,
            "signed": self.header.signed,
        }
