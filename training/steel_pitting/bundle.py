"""Puts the bundle together: graph, manifest, card and pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from dropsight.domain.manifests import Manifest
from dropsight_inference.input_layout import InputLayout
from training.kit.bundle import check_bundle, sha256_of

from .card import render_card
from .data import Picture, read_pictures
from .evaluate import evaluate, findings_of
from .export import Image, check, export
from .figures import draw_curves, draw_precision
from .manifest import render_manifest
from .measure import compare, f1_threshold
from .network import PittingNet
from .serving import prepared
from .train import Training

CHECKED = 4
"""Dev pictures on which graph and network must agree."""


def write_bundle(training: Training, folder: Path, out: Path) -> None:
    """Writes `model.onnx`, `model.yaml`, `MODEL_CARD.md` and two pictures into `out`."""
    recipe = training.recipe
    if not training.best_weights.exists():
        sys.exit(f"found no {training.best_weights}; train first, without --finish")
    out.mkdir(parents=True, exist_ok=True)
    net = PittingNet(recipe.detections, recipe.minimum_score, recipe.iou)
    net.load_state_dict(torch.load(training.best_weights, map_location="cpu", weights_only=True))
    model = out / "model.onnx"
    export(net.eval(), model, recipe)
    gaps = check(net, model, inputs(training.dev[:CHECKED], training.manifest))
    digest = sha256_of(model)
    manifest = out / "model.yaml"
    manifest.write_text(render_manifest(recipe, recipe.minimum_score, digest), encoding="utf-8")
    found, _ = findings_of(out, training.dev)
    compared = [compare(*pair) for pair in zip(training.dev, found, strict=True)]
    threshold = round(f1_threshold(compared, training.dev_weights), 3)
    manifest.write_text(render_manifest(recipe, threshold, digest), encoding="utf-8")
    dev = evaluate(out, training.dev, threshold)
    val = evaluate(out, read_pictures(folder, "val", recipe.limit), threshold)
    draw_curves(training.history.entries, out / "curves.png")
    draw_precision({"dev": dev, "val": val}, threshold, out / "precision.png")
    card = render_card(
        recipe=recipe,
        history=training.history,
        pictures=training.pictures,
        dev=dev,
        val=val,
        threshold=threshold,
        weights=sum(one.numel() for one in net.parameters()),
        size=model.stat().st_size,
        gaps=gaps,
    )
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    check_bundle(out)


def inputs(pictures: list[Picture], manifest: Manifest) -> list[Image]:
    """What the network is given for each picture: float32 (1, 3, height, width)."""
    layout = InputLayout(manifest.input)
    batch = layout.empty(len(pictures))
    for frame, row in zip(prepared(pictures, manifest), batch, strict=True):
        layout.write(frame.pixels[0], row)
    return list(np.split(batch, len(pictures)))
