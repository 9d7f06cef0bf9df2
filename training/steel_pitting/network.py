"""A small Mask R-CNN (He et al. 2017, arXiv:1703.06870) from torchvision's parts.

A slim residual backbone with group normalisation and a feature pyramid from stride 4 (Lin et al.
2017, arXiv:1612.03144), anchors from 8 to 80 pixels, and a head for pixels, which teaches the
backbone before the others have anything to work with.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import MultiScaleRoIAlign

STEM = 32
STAGES = ((64, 2), (128, 2), (192, 2))
"""Channels and blocks at strides 4, 8 and 16."""
PYRAMID = 96
ANCHORS = ((8, 13), (20, 32), (50, 80))
"""Sides in pixels of the input, by level."""
RATIOS = (0.5, 1.0, 2.0)
LEVELS = ["0", "1", "2"]


def _convolution(inner: int, outer: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inner, outer, 3, stride, 1, bias=False), nn.GroupNorm(8, outer)]


class Block(nn.Module):
    """Two 3 x 3 convolutions around a short cut."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(inner, outer, stride),
            nn.ReLU(inplace=True),
            *_convolution(outer, outer),
        )
        self.short: nn.Module = nn.Identity()
        if stride != 1 or inner != outer:
            self.short = nn.Sequential(
                nn.Conv2d(inner, outer, 1, stride, bias=False), nn.GroupNorm(8, outer)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.short(x))


class Backbone(nn.Module):
    """(N, 3, h, w) -> features (N, 96, h/s, w/s) at strides s of 4, 8 and 16."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *_convolution(3, STEM, 2),
            nn.ReLU(inplace=True),
            *_convolution(STEM, STEM),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.ModuleList()
        inner = STEM
        for outer, blocks in STAGES:
            self.stages.append(
                nn.Sequential(
                    *(Block(outer if i else inner, outer, 1 if i else 2) for i in range(blocks))
                )
            )
            inner = outer
        self.lateral = nn.ModuleList(nn.Conv2d(channels, PYRAMID, 1) for channels, _ in STAGES)
        self.smooth = nn.ModuleList(nn.Conv2d(PYRAMID, PYRAMID, 3, 1, 1) for _ in STAGES)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        merged = self.lateral[-1](found[-1])
        features = [self.smooth[-1](merged)]
        for level in range(len(found) - 2, -1, -1):
            above = nn.functional.interpolate(merged, scale_factor=2.0, mode="nearest")
            merged = self.lateral[level](found[level]) + above
            features.insert(0, self.smooth[level](merged))
        return features


class InFull(nn.Module):
    """Runs a head, and gives its answer as float32 also where autocast made it bfloat16."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, x: Any) -> Any:
        return _full(self.head(x))


def _full(found: Any) -> Any:
    return found.float() if isinstance(found, Tensor) else type(found)(_full(x) for x in found)


class PittingNet(nn.Module):
    """Backbone, pixel head, region proposals, and the heads for boxes and masks.

    Sides of images are multiples of 16.
    """

    def __init__(
        self, detections: int = 30, minimum_score: float = 0.01, iou: float = 0.45
    ) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.semantic = nn.Sequential(
            nn.Conv2d(PYRAMID, 64, 3, 1, 1), nn.ReLU(), nn.Conv2d(64, 4, 1), nn.PixelShuffle(2)
        )
        nn.init.constant_(self.semantic[2].bias, -4.0)  # defects are rare
        self.proposals = RegionProposalNetwork(
            AnchorGenerator(ANCHORS, (RATIOS,) * len(ANCHORS)),
            InFull(RPNHead(PYRAMID, len(ANCHORS[0]) * len(RATIOS))),
            fg_iou_thresh=0.55,
            bg_iou_thresh=0.3,
            batch_size_per_image=96,
            positive_fraction=0.5,
            pre_nms_top_n={"training": 400, "testing": 200},
            post_nms_top_n={"training": 200, "testing": 80},
            nms_thresh=0.7,
        )
        self.heads = RoIHeads(
            MultiScaleRoIAlign(LEVELS, 7, 2, canonical_scale=48, canonical_level=3),
            InFull(TwoMLPHead(PYRAMID * 49, 256)),
            InFull(FastRCNNPredictor(256, 2)),
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=64,
            positive_fraction=0.25,
            bbox_reg_weights=None,
            score_thresh=minimum_score,
            nms_thresh=iou,
            detections_per_img=detections,
            mask_roi_pool=MultiScaleRoIAlign(LEVELS, 14, 2, canonical_scale=48, canonical_level=3),
            mask_head=InFull(MaskRCNNHeads(PYRAMID, (PYRAMID,) * 3, 1)),
            mask_predictor=InFull(MaskRCNNPredictor(PYRAMID, PYRAMID, 2)),
        )

    def pixels(self, images: Tensor) -> Tensor:
        """Logits (N, 1, h/2, w/2) of each pixel for being part of a defect."""
        logits: Tensor = self.semantic(self.backbone(images)[0]).float()
        return logits

    def losses(self, images: Tensor, targets: list[dict[str, Tensor]]) -> tuple[Any, Tensor]:
        """Losses by name, and the logits of `pixels`.

        targets: for each image boxes (n, 4) left, top, right, bottom; labels (n,), 1 each; masks
        (n, h, w) uint8.
        """
        features = self.backbone(images)
        logits = self.semantic(features[0]).float()
        listed, levels = _listed(images), _levels(features)
        proposals, first = self.proposals(listed, levels, targets)
        _, second = self.heads(levels, proposals, listed.image_sizes, targets)
        return {**first, **second}, logits

    def detect(self, images: Tensor) -> list[dict[str, Tensor]]:
        """For each image: boxes (n, 4), labels (n,), scores (n,), masks (n, 1, 28, 28)."""
        features = self.backbone(images)
        listed, levels = _listed(images), _levels(features)
        proposals, _ = self.proposals(listed, levels)
        found, _ = self.heads(levels, proposals, listed.image_sizes)
        return list(found)


def _listed(images: Tensor) -> ImageList:
    height, width = int(images.shape[2]), int(images.shape[3])
    return ImageList(images, [(height, width)] * int(images.shape[0]))


def _levels(features: list[Tensor]) -> OrderedDict[str, Tensor]:
    return OrderedDict(zip(LEVELS, (one.float() for one in features), strict=True))
