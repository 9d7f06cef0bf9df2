"""What an endpoint is, said once: requests are dispatched by it and documentation is made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dropsight.api.messages import JSON
from dropsight.api.parameters import Parameter
from dropsight.domain.errors import DropsightError

Schema = Mapping[str, Any]
RESULTS = "results"
"""Tag of the operations on results."""


def reference(record: type) -> Schema:
    """JSON Schema: the component of this record."""
    return {"$ref": f"#/components/schemas/{record.__name__}"}


@dataclass(frozen=True)
class Answer:
    description: str
    schema: Schema | None = None
    """None: no body."""
    media_type: str = JSON
    status: int = 200


@dataclass(frozen=True)
class Example:
    """A request that the documentation shows and a test sends. Names in braces are put in:
    {film} and {blobs} are results of a classifier and of a module that finds objects, {gone} is a
    deleted one, and {spare} one that the examples delete."""

    title: str
    target: str
    """Path and query."""
    status: int = 200
    file: str | None = None
    """Name of the file that is sent as the body."""
    json: Mapping[str, Any] | None = None
    """What is sent as the body instead."""


@dataclass(frozen=True)
class Operation:
    name: str
    """Its operationId."""
    method: str
    path: str
    """With names in braces for the parts that vary."""
    summary: str
    tag: str
    answers: tuple[Answer, ...]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    """Of the query."""
    errors: tuple[type[DropsightError], ...] = ()
    """What it may end in, beside what any request may."""
    body: Mapping[str, Schema] = field(default_factory=dict)
    """By media type."""
    examples: tuple[Example, ...] = ()
    cloud_only: bool = False
    """Its examples are answered by the function `api` alone, not by a laptop."""

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)
