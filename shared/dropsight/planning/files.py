"""How the files of the planner are read: YAML, every field checked, what is wrong named."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from dropsight.domain.errors import PlanInvalid
from dropsight.domain.wire import Record, described

T = TypeVar("T")


class PlanRecord(Record, forbid_unknown_fields=True, frozen=True):
    """A misspelt field is an error: these files are written by hand."""


def read_yaml(path: Path, kind: type[T]) -> T:
    """Raises PlanInvalid: which file and field, what was found, what is legal."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanInvalid(f"{path}: cannot be read ({error})") from error
    return parse_yaml(text, kind, str(path))


def shipped(name: str) -> str:
    """The text of a file that comes with the package."""
    return (resources.files("dropsight.planning") / "data" / name).read_text(encoding="utf-8")


def parse_yaml(text: str, kind: type[T], where: str) -> T:
    """As `read_yaml`; `where` names the file in errors."""
    try:
        plain = yaml.safe_load(text)
        return msgspec.convert(plain, described(kind), strict=True)
    except yaml.YAMLError as error:
        raise PlanInvalid(f"{where}: not YAML: {error}") from error
    except msgspec.ValidationError as error:
        raise PlanInvalid(f"{where}: {error}") from error
