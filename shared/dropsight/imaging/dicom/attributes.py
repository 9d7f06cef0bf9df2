"""What routing and the input contract ask of a DICOM file."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from dropsight.imaging.dicom.dataset import DataSet
from dropsight.imaging.dicom.tags import Tag
from dropsight.imaging.dicom.terms import (
    BODY_PARTS,
    LATERALITIES,
    MODALITIES,
    VIEW_CODES,
    VIEW_POSITIONS,
)


@dataclass(frozen=True)
class Code:
    """A coded value. Only `term` may be shown or stored; `found` is what the file says."""

    term: str | None = None
    """The value where it is a defined term of the standard."""
    found: str | None = field(default=None, repr=False)
    """The value whatever it is, in upper case; None where the element is absent or empty."""

    def is_one_of(self, legal: Iterable[str]) -> bool:
        """A model may accept terms of its own that the standard does not know."""
        return self.found is not None and self.found in {one.upper() for one in legal}

    @property
    def shown(self) -> str:
        """For messages; never a text that only the file knows."""
        if self.term is not None:
            return self.term
        return "none" if self.found is None else "a value that is no defined term"


@dataclass(frozen=True)
class Attributes:
    modality: Code = Code()
    body_part: Code = Code()
    view: Code = Code()
    laterality: Code = Code()


def read_attributes(dataset: DataSet) -> Attributes:
    view = read_code(dataset, Tag.ViewPosition, VIEW_POSITIONS)
    laterality = read_code(dataset, Tag.ImageLaterality, LATERALITIES)
    return Attributes(
        modality=read_code(dataset, Tag.Modality, MODALITIES),
        body_part=read_code(dataset, Tag.BodyPartExamined, BODY_PARTS),
        view=view if view.found is not None else _coded_view(dataset),
        laterality=laterality
        if laterality.found is not None
        else read_code(dataset, Tag.Laterality, LATERALITIES),
    )


def read_code(dataset: DataSet, tag: Tag, terms: Set[str]) -> Code:
    """The value of a CS element if it is one of `terms`; case and padding do not matter."""
    found = dataset.text(tag)
    if found is None:
        return Code()
    found = found.upper()
    return Code(found if found in terms else None, found)


def _coded_view(dataset: DataSet) -> Code:
    """The same word from View Code Sequence (0054,0220), CID 4010 and 4014."""
    for item in dataset.items(Tag.ViewCodeSequence)[:1]:
        code = item.text(Tag.CodeValue) or ""
        view = VIEW_CODES.get(code)
        return Code(view, view or code)
    return Code()
