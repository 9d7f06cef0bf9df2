"""What the inference container says of itself over HTTP."""

from __future__ import annotations

from dropsight.domain.manifests import Manifest
from dropsight.domain.wire import Record


class ServedModel(Record, kw_only=True, frozen=True):
    """One model of this container, in short."""

    name: str
    version: str
    digest: str
    task: str
    runtime: str
    device: str
    """`cpu`, or the GPU that it runs on."""
    labels: list[str]
    """Their ids, in order."""


class LeftOutModel(Record, kw_only=True, frozen=True):
    """A bundle that is there and is not served."""

    name: str
    reason: str


class ServedModels(Record, kw_only=True, frozen=True):
    models: list[ServedModel]
    """By name."""
    left_out: list[LeftOutModel] = []
    """Bundles whose runtime is not installed, or that are not to be served here."""


class ModelDescription(Record, kw_only=True, frozen=True):
    """One model in full."""

    manifest: Manifest
    digest: str
    card: str
    """Text of MODEL_CARD.md."""


class Readiness(Record, kw_only=True, frozen=True, omit_defaults=True):
    status: str
    """`live`, `ready` or `not ready`."""
    models: list[str] = []
    """Names of what has answered a real forward pass."""
    reason: str = ""
    """Why it is not ready."""
