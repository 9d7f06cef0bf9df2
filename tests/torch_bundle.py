"""Torch bundles whose networks can be worked out on paper."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.toy_bundle import write_toy_bundle


class Corners(torch.nn.Module):
    """4 x 4 image -> two maps of 2 x 2: the sum of each 2 x 2 block, and its negative -> ReLU
    -> mean -> two logits: (3 mean_0 + mean_1, -mean_0 + 2 mean_1)."""

    def __init__(self, *, in_place: bool = False) -> None:
        super().__init__()
        self.blocks = torch.nn.Conv2d(1, 2, 2, stride=2, bias=False)
        self.relu = torch.nn.ReLU(inplace=in_place)
        self.pool = torch.nn.AdaptiveAvgPool2d(1)
        self.head = torch.nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.blocks.weight.copy_(
                torch.tensor([1.0, -1.0])[:, None, None, None].expand(2, 1, 2, 2)
            )
            self.head.weight.copy_(torch.tensor([[3.0, 1.0], [-1.0, 2.0]]))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = self.relu(self.blocks(image))
        logits: torch.Tensor = self.head(self.pool(features).flatten(1))
        return logits


def state_dict_bytes(network: torch.nn.Module) -> bytes:
    stored = io.BytesIO()
    torch.save(network.state_dict(), stored)
    return stored.getvalue()


def program_bytes(network: torch.nn.Module, *, dynamic: bool = True) -> bytes:
    return program_of(network, torch.zeros(2, 1, 4, 4), dynamic=dynamic)


def program_of(network: torch.nn.Module, example: torch.Tensor, *, dynamic: bool = True) -> bytes:
    shapes = ({0: torch.export.Dim.DYNAMIC},) if dynamic else None
    program = torch.export.export(network.eval(), (example,), dynamic_shapes=shapes)
    stored = io.BytesIO()
    torch.export.save(program, stored)
    return stored.getvalue()


def write_torch_bundle(
    folder: Path, content: bytes, *, path: str = "model.pt2", artifact: Any = None, **changes: Any
) -> Path:
    """A bundle for 4 x 4 grey images and the labels one and two; `changes` are of model.yaml."""
    stated = {"path": path, "sha256": hashlib.sha256(content).hexdigest(), **(artifact or {})}
    explanations = [{"method": "grad-cam", "labels": "all"}]
    write_toy_bundle(
        folder,
        np.zeros((2, 4, 4), np.float32),
        changes={
            "runtime": "torch",
            "artifact": stated,
            "outputs": {},
            "explanations": explanations,
            **changes,
        },
    )
    (folder / path).write_bytes(content)
    return folder
