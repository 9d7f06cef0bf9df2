"""A model's manifest and a policy, as small as they can be."""

from __future__ import annotations

from typing import Any

from dropsight.domain.manifests import (
    Accepts,
    ArtifactFile,
    InputSpec,
    Label,
    Manifest,
    Window,
)
from dropsight.imaging.policy import BurnedIn, ImagingPolicy
from dropsight.imaging.prepare import Prepared, open_upload, prepare
from dropsight.settings import Budgets

KEY = b"a secret of sixteen bytes or more"


def model(
    width: int = 2,
    height: int = 2,
    channels: Any = 1,
    resize: Any = "stretch",
    window: Window | None = None,
    **accepts: Any,
) -> Manifest:
    return Manifest(
        name="tiny",
        version="1",
        task="classification",
        runtime="onnx",
        artifact=ArtifactFile(path="model.onnx", sha256="0" * 64),
        input=InputSpec(
            width=width, height=height, channels=channels, resize=resize, window=window
        ),
        accepts=Accepts(**accepts),
        labels=[Label(id="a")],
        licence="none",
        intended_use="tests",
    )


def policy(burned_in: BurnedIn = "refuse", **budgets: int) -> ImagingPolicy:
    return ImagingPolicy(pseudonym_key=KEY, budgets=Budgets(**budgets), burned_in=burned_in)


def prepared(data: bytes, manifest: Manifest | None = None, **rules: Any) -> Prepared:
    chosen = policy(**rules)
    return prepare(open_upload(data, chosen), manifest or model(), chosen)
