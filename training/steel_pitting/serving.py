"""Pictures through dropsight's own imaging and reading of outputs, with any network between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from dropsight.domain.frames import Frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.results import Finding
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import open_upload, prepare
from dropsight_inference.input_layout import InputLayout
from dropsight_inference.tasks import segmentation

from .data import Picture

Finder = Callable[[Frame], list[Finding]]


def prepared(pictures: Sequence[Picture], manifest: Manifest) -> list[Frame]:
    """What the ingest function makes of the files."""
    policy = ImagingPolicy(b"pictures of steel name no patient")
    return [prepare(open_upload(one.file, policy), manifest, policy).frame for one in pictures]


def finder(served: nn.Module, manifest: Manifest, device: torch.device) -> Finder:
    """The network in training, in evaluation mode, behind the container's own code."""
    layout = InputLayout(manifest.input)

    @torch.no_grad()
    def find(frame: Frame) -> list[Finding]:
        batch = layout.empty(1)
        layout.write(frame.pixels[0], batch[0])
        image = torch.from_numpy(batch).to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            found = [one.float().cpu().numpy() for one in served(image)]
        row = dict(zip(("boxes", "labels", "scores", "masks"), found, strict=True))
        row["labels"] = row["labels"].astype(np.int64)
        return segmentation.read([row], manifest, frame).findings

    return find
