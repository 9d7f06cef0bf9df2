"""Puts the bundle together: graph, manifest, card and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from training.kit.bundle import check_bundle, sha256_of

from .card import render_card
from .data import Truth
from .evaluate import OperatingPoints, Report, choose, evaluate
from .figures import draw_curves, draw_precision_recall
from .manifest import render_manifest
from .network import Detector
from .served import Served, export
from .settings import LABELS, Recipe


def write_bundle(
    recipe: Recipe,
    best_weights: Path,
    entries: Sequence[Mapping[str, float]],
    splits: Mapping[str, Sequence[Truth]],
    out: Path,
) -> Report:
    """Writes `model.onnx`, `model.yaml`, `MODEL_CARD.md` and two pictures into `out`.

    `entries`: the history of the run; `splits`: train (without dev), dev and val.
    """
    out.mkdir(parents=True, exist_ok=True)
    net = Detector()
    net.load_state_dict(torch.load(best_weights, weights_only=True))
    model = out / "model.onnx"
    export(Served(net, recipe.width, recipe.height, recipe.both_ways), model, recipe)
    digest = sha256_of(model)

    def write_manifest(points: OperatingPoints) -> None:
        text = render_manifest(recipe, points.thresholds, points.iou, digest)
        (out / "model.yaml").write_text(text, encoding="utf-8")

    # The choice is made on the served bundle too, which needs some manifest to begin with.
    write_manifest(OperatingPoints(0.5, (0.5,) * len(LABELS), 0.0))
    points = choose(out, splits["dev"])
    write_manifest(points)
    report = evaluate(out, splits["val"])
    draw_curves(entries, out / "curves.png")
    draw_precision_recall(report, out / "precision-recall.png")
    card = render_card(recipe, entries, splits, points, report, model.stat().st_size)
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    check_bundle(out)
    return report
