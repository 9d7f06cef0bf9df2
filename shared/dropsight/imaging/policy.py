"""What the operator of the system decides about files that come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from dropsight.settings import Budgets

BurnedIn = Literal["refuse", "mask", "allow"]


@dataclass(frozen=True)
class ImagingPolicy:
    """Limits and privacy.

    burned_in
        Where Burned In Annotation (0028,0301) is YES: `refuse` the file, `mask` everything
        outside the ultrasound regions that the file declares, or `allow` it.
    pseudonym_key
        Secret key of every pseudonym: patient id, UIDs and the shift of dates.
    """

    pseudonym_key: bytes = field(repr=False)
    budgets: Budgets = field(default_factory=Budgets)
    burned_in: BurnedIn = "refuse"

    def __post_init__(self) -> None:
        if not self.pseudonym_key:
            raise ValueError(
                "ImagingPolicy.pseudonym_key: found an empty key, expected a secret of 16 bytes or "
                "more; anybody can turn back pseudonyms that are made without one"
            )
        if self.burned_in not in ("refuse", "mask", "allow"):
            raise ValueError(
                f"ImagingPolicy.burned_in: found {self.burned_in!r}, legal are refuse, mask, allow"
            )
