"""The input contract of a model (`accepts` in model.yaml), checked before pixels are decoded."""

from __future__ import annotations

from collections.abc import Sequence

from dropsight.domain.errors import ContractRefused
from dropsight.domain.manifests import Format, Manifest
from dropsight.imaging.dicom.attributes import Attributes, Code


def check_contract(
    manifest: Manifest, found: Format, attributes: Attributes | None, width: int, height: int
) -> None:
    """Raises ContractRefused: what was expected, what was found, what to do.

    `attributes` is None for anything but DICOM: then there is no modality to check. A DICOM file
    without a modality is refused where the model names some; body part and view are often left
    empty, so an empty one passes and only another one is refused.
    """
    accepts = manifest.accepts
    if found not in accepts.formats:
        raise ContractRefused(
            _sentence(manifest, "format", accepts.formats, found, "convert the file")
        )
    if attributes is not None:
        _check_term(manifest, "Modality (0008,0060)", accepts.modality, attributes.modality, True)
        _check_term(
            manifest, "Body Part Examined (0018,0015)", accepts.body_part, attributes.body_part
        )
        _check_term(manifest, "View Position (0018,5101)", accepts.view, attributes.view)
    least_width, least_height = accepts.minimum_size
    if width < least_width or height < least_height:
        raise ContractRefused(
            f"model {manifest.name}: size: expected at least {least_width} x {least_height} "
            f"pixels, found {width} x {height}; send the image at its full resolution"
        )


def _check_term(
    manifest: Manifest, what: str, legal: Sequence[str], code: Code, required: bool = False
) -> None:
    if not legal or (code.found is None and not required):
        return
    if not code.is_one_of(legal):
        raise ContractRefused(
            _sentence(manifest, what, legal, code.shown, "send it to a model that takes it")
        )


def _sentence(manifest: Manifest, what: str, legal: Sequence[str], found: str, advice: str) -> str:
    return f"model {manifest.name}: {what}: expected {' or '.join(legal)}, found {found}; {advice}"
