"""The text of `model.yaml`."""

from __future__ import annotations

from dropsight.domain.manifests import Manifest, parse_manifest

from .settings import LABEL, MODEL, Recipe

VERSION = "1.0.0"

TEXT = """\
schemaVersion: 1
name: {name}
version: {version}
task: segmentation
runtime: onnx
artifact: {{path: model.onnx, sha256: "{digest}"}}
outputs:
  instances: {{boxes: boxes, labels: labels, scores: scores, masks: masks, firstLabel: 1}}
input: {{width: {width}, height: {height}, channels: 3, layout: NCHW, dtype: float32, \
resize: letterbox, scale: 1.0, mean: [{mean}], std: [{std}], maximumBatch: 1}}
accepts:
  formats: [png, jpeg, tiff, webp, bmp]
  minimumSize: [128, 64]
labels:
  - {{id: {label}, name: {{en: Pitting, de: Pitting, zh: 点蚀}}, threshold: {threshold}, \
color: "#56B4E9"}}
candidates: {{minimumScore: {minimum}, maximum: {detections}, iou: {iou}}}
licence: >-
  CC BY-SA 4.0. Trained on "Industrial machine tool component surface defect dataset" (Schlagenhauf,
  Landwehr, 2021, doi:10.5445/IR/1000129520), CC BY-SA 4.0; the pictures were scaled down.
  Whoever shares the weights, changed or not, names these authors and keeps this licence.
intendedUse: >-
  Demonstration and research. Finds and outlines pitting in photographs of ball screw drives. Not
  for the release of parts, and not tried on other parts, cameras or kinds of damage.
"""


def render_manifest(recipe: Recipe, threshold: float, digest: str) -> str:
    """`digest` is the SHA-256 of model.onnx."""
    return TEXT.format(
        name=MODEL,
        version=VERSION,
        digest=digest,
        width=recipe.width,
        height=recipe.height,
        mean=recipe.mean,
        std=recipe.std,
        label=LABEL,
        threshold=threshold,
        minimum=recipe.minimum_score,
        detections=recipe.detections,
        iou=recipe.iou,
    )


def manifest_in_training(recipe: Recipe) -> Manifest:
    """The manifest before there is a model file: the same input, the lowest threshold."""
    return parse_manifest(render_manifest(recipe, recipe.minimum_score, "0" * 64))
