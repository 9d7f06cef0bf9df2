"""What a torch file says of itself, once its network is named."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.bundling.facts import Facts

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HEADS = ("roi_heads.box_predictor.cls_score.bias", "fc.bias", "head.fc.bias", "head.bias")
"""Whose length is the number of labels: R-CNN, ResNet, and the usual names of timm."""


def read_torch(path: Path, size: tuple[int, int] | None, architecture: str | None) -> Facts:
    """Raises ManifestInvalid for a file that no bundle can be made of."""
    weights: Mapping[str, Any] = {}
    if architecture is not None:
        from dropsight_inference.runtimes.torch_weights import read_weights  # noqa: PLC0415

        weights = read_weights(path, str(path))
    elif not _has_code(path):
        raise ManifestInvalid(
            f"{path}: holds weights alone, and does not say of which network; name it by "
            "--architecture, as torchvision.models:resnet18 or timm:resnet18"
        )
    objects = (architecture or "").startswith("torchvision.models.detection")
    count = next((len(value) for name, value in weights.items() if name.endswith(HEADS)), None)
    width, height = size or ((512, 512) if objects else (224, 224))
    artifact = {} if architecture is None else {"architecture": architecture}
    if objects:
        return Facts(
            runtime="torch",
            task="segmentation"
            if any("mask_predictor" in name for name in weights)
            else "detection",
            outputs={"instances": {"firstLabel": 1}},
            channels=3,
            width=width,
            height=height,
            count=None if count is None else count - 1,
            input={"resize": "letterbox"},
            artifact=artifact,
            notes=["the network normalises by itself; the size is that of your images"],
        )
    return Facts(
        runtime="torch",
        task="classification",
        outputs={},
        channels=3,
        width=width,
        height=height,
        count=count,
        input=dict(IMAGENET),
        artifact=artifact,
        notes=["width, height, mean and std must be those of the training: these are ImageNet's"],
    )


def _has_code(path: Path) -> bool:
    """An exported program, or TorchScript: both are archives with more than a pickle."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return any("/code/" in name or "models/" in name or "exported" in name for name in names)
