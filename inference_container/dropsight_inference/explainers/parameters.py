"""How the parameters of a method are checked: like model.yaml, where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.domain.wire import described


class Parameters(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True, frozen=True
):
    """Base of each method's parameters: camelCase outside, defaults inside."""


P = TypeVar("P", bound=Parameters)


def read_parameters(parameters: Mapping[str, Any], kind: type[P], method: str) -> P:
    """Raises ExplanationUnavailable: which parameter, what was found, what is legal."""
    try:
        return msgspec.convert(dict(parameters), described(kind))
    except msgspec.ValidationError as error:
        raise ExplanationUnavailable(f"parameters of {method}: {error}") from error
