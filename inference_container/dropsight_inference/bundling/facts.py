"""What a model file says of itself, as far as model.yaml asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Facts:
    """Parts of model.yaml; what the file does not say is None or missing."""

    runtime: str
    task: str
    outputs: dict[str, Any]
    channels: int
    layout: str = "NCHW"
    width: int | None = None
    height: int | None = None
    maximum_batch: int | None = None
    labels: list[str] | None = None
    """Their names."""
    count: int | None = None
    """Of the labels, where there are no names."""
    input: dict[str, Any] = field(default_factory=dict)
    """Further fields of `input` that are known: resize, padding, scale …"""
    artifact: dict[str, Any] = field(default_factory=dict)
    """Further fields of `artifact`."""
    notes: list[str] = field(default_factory=list)
    """What was guessed, for people: comments in model.yaml."""
