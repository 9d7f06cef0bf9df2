"""Reads pictures through dropsight's own imaging, so that training sees what serving gives."""

from __future__ import annotations

import json
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import open_upload, prepare

from .geometry import Floats, Labels, Pixels
from .manifest import draft_manifest
from .settings import LABELS, RBC, Recipe

POLICY = ImagingPolicy(b"no patient is named in these files")


@dataclass(frozen=True)
class Sample:
    """One picture and what is labelled in it.

    pixels  uint8 (height, width, 3) in RGB, as the model is given them
    boxes   float32 (n, 4): left, top, right, bottom in pixels of `pixels`
    labels  int64 (n,): position in LABELS; ~k (which is negative) marks a region where an object of
            label k may or may not be, so that nothing is learned there from finding one
    """

    pixels: Pixels
    boxes: Floats
    labels: Labels


@dataclass(frozen=True)
class Truth:
    """One file and its labelled boxes, float64 (n, 4): x, y, width, height in source pixels."""

    name: str
    data: bytes
    boxes: npt.NDArray[np.float64]
    labels: Labels


def read_truth(folder: Path, split: str, limit: int | None = None) -> list[Truth]:
    """Files and annotations of `split` (train or val), in the order of the annotation file."""
    coco = json.loads((folder / f"annotations_{split}.json").read_text(encoding="utf-8"))
    names = {category["id"]: category["name"] for category in coco["categories"]}
    found = defaultdict(list)
    for one in coco["annotations"]:
        found[one["image_id"]].append((LABELS.index(names[one["category_id"]]), *one["bbox"]))
    with zipfile.ZipFile(folder / "images.zip") as archive:
        return [
            Truth(
                name=image["file_name"],
                data=archive.read(f"images/{image['file_name']}"),
                boxes=np.array([row[1:] for row in found[image["id"]]], np.float64).reshape(-1, 4),
                labels=np.array([row[0] for row in found[image["id"]]], np.int64),
            )
            for image in coco["images"][:limit]
        ]


def read_sample(truth: Truth, recipe: Recipe) -> Sample:
    """Decoded and resized as in serving, with the boxes moved along.

    A picture with no labelled red cell shows many all the same: all of it is a region where they
    may be.
    """
    frame = prepare(open_upload(truth.data, POLICY), draft_manifest(recipe), POLICY).frame
    left, top, width, height = frame.content_box
    scale = np.array([width / frame.source_width, height / frame.source_height])
    corners = np.hstack([truth.boxes[:, :2], truth.boxes[:, :2] + truth.boxes[:, 2:]])
    boxes = (corners * np.tile(scale, 2) + np.tile((left, top), 2)).astype(np.float32)
    labels = truth.labels
    if not (labels == RBC).any():
        whole = np.array([[0, 0, recipe.width, recipe.height]], np.float32)
        boxes, labels = np.vstack([boxes, whole]), np.append(labels, ~RBC)
    pixels: Pixels = np.ascontiguousarray(frame.pixels[0], np.uint8)
    return Sample(pixels, boxes, labels)


def hold_out(truths: Sequence[Truth], count: int, seed: int) -> tuple[list[Truth], list[Truth]]:
    """Train and dev: `count` of the files, drawn by `seed`, are dev."""
    order = np.random.default_rng(seed).permutation(len(truths))
    chosen = set(order[:count].tolist())
    rest = [truth for at, truth in enumerate(truths) if at not in chosen]
    return rest, [truths[at] for at in sorted(chosen)]
