"""The text of `model.yaml`."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from dropsight.domain.manifests import Manifest, parse_manifest

from .settings import LABELS, Recipe

NAMES = {
    "RBC": ("Red blood cell", "红细胞"),
    "WBC": ("White blood cell", "白细胞"),
    "Platelets": ("Platelet", "血小板"),
}
COLOURS = {"RBC": "#D55E00", "WBC": "#0072B2", "Platelets": "#F0E442"}
"""Of the palette of Okabe and Ito, chosen to be seen on pink cells and violet nuclei."""

MINIMUM_SCORE = 0.01
MAXIMUM = 800

TEXT = """\
schemaVersion: 1
name: blood-cells
version: 1.0.0
task: detection
runtime: onnx
artifact: {{path: model.onnx, sha256: "{digest}"}}
outputs: {{boxes: {{name: boxes, layout: yolov8}}}}
input: {{width: {width}, height: {height}, channels: 3, layout: NCHW, dtype: float32, \
resize: letterbox, scale: 1.0, mean: [{mean}], std: [{std}]}}
accepts:
  formats: [png, jpeg, tiff, webp, bmp]
  minimumSize: [160, 120]
labels:
{labels}
candidates: {{minimumScore: {minimum}, maximum: {maximum}, iou: {iou}}}
licence: Apache-2.0 (weights); trained on data under the MIT licence (BCCD, Copyright (c) 2017 \
shenggan)
intendedUse: >-
  Demonstration and research. Finds red blood cells, white blood cells and platelets in stained
  smears photographed at the magnification of the BCCD data set. Not a medical device; not for
  diagnosis or treatment, and no substitute for a blood count.
"""


def render_manifest(recipe: Recipe, thresholds: Sequence[float], iou: float, digest: str) -> str:
    """`thresholds` in the order of LABELS; `digest` is the SHA-256 of model.onnx."""
    labels = "\n".join(
        f"  - {{id: {label}, name: {{en: {NAMES[label][0]}, zh: {NAMES[label][1]}}}, "
        f'threshold: {thresholds[k]}, color: "{COLOURS[label]}"}}'
        for k, label in enumerate(LABELS)
    )
    return TEXT.format(
        digest=digest,
        width=recipe.width,
        height=recipe.height,
        mean=recipe.mean,
        std=recipe.std,
        labels=labels,
        minimum=MINIMUM_SCORE,
        maximum=MAXIMUM,
        iou=iou,
    )


@functools.cache
def draft_manifest(recipe: Recipe) -> Manifest:
    """The bundle's manifest before there are weights: it says how pixels are prepared."""
    return parse_manifest(render_manifest(recipe, (0.5,) * len(LABELS), 0.5, "0" * 64))
