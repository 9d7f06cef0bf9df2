"""The bundle: graph, manifest, card and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import yaml

from training.kit.bundle import check_bundle, sha256_of
from training.kit.figures import draw_history
from training.kit.run import History

from .card import Facts, render_card
from .evaluate import Size, evaluate
from .export import export
from .figures import draw_by_snr, draw_by_spacing, draw_examples
from .hubble import look_at_the_sky
from .network import SpotNet
from .served import serving
from .settings import NAME, OVERLAP, TILE, Recipe

VERSION = "1.0.0"
PANELS = {
    "loss: centre": ("focal",),
    "loss: offset, size": ("offset", "size"),
    "F1 on dev": ("dev_f1",),
    "learning rate": ("rate",),
}


def manifest(sha256: str, threshold: float) -> dict[str, Any]:
    """model.yaml."""
    return {
        "schemaVersion": 1,
        "name": NAME,
        "version": VERSION,
        "task": "detection",
        "runtime": "onnx",
        "artifact": {"path": "model.onnx", "sha256": sha256},
        "outputs": {"boxes": {"name": "candidates", "layout": "yolov8"}},
        "input": {
            "width": TILE,
            "height": TILE,
            "channels": 1,
            "layout": "NCHW",
            "resize": "tile",
            "overlap": OVERLAP,
            "contrast": "full",
            "scale": 65535.0,
            "mean": [0.0],
            "std": [1.0],
        },
        "labels": [
            {
                "id": "spot",
                "name": {"en": "Spot", "de": "Lichtpunkt"},
                "threshold": threshold,
                "color": "#E69F00",
            }
        ],
        "candidates": {"minimumScore": 0.1, "maximum": 4000, "iou": 0.5},
        "licence": "Apache-2.0",
        "intendedUse": (
            "Research: finds small bright particles (boxes of about 5 to 20 px) in fluorescence "
            "microscope frames. Trained on simulated frames alone. Not for clinical decisions."
        ),
    }


def write_bundle(recipe: Recipe, run: Path, out: Path, history: History, smoke: bool) -> None:
    """Everything under `out`, from the best weights in `run`."""
    out.mkdir(parents=True, exist_ok=True)
    net = SpotNet()
    net.load_state_dict(torch.load(run / "best.pt", weights_only=True)["net"])
    net.eval()
    export(net, out / "model.onnx")
    digest = sha256_of(out / "model.onnx")
    _write_manifest(out, digest, 0.3)
    with serving(out) as served:
        report = evaluate(served, recipe, Size.smoke() if smoke else Size())
        sky = look_at_the_sky(served, report.threshold, out / "hubble.jpg")
        draw_examples(served, report.threshold, recipe.seed, out / "examples.png")
        times = {side: served.milliseconds(side) for side in ((256,) if smoke else (256, 1024))}
    _write_manifest(out, digest, report.threshold)
    draw_history(history.entries, PANELS, out / "curves.png")
    draw_by_snr(report, out / "snr.png")
    draw_by_spacing(report, out / "spacing.png")
    facts = Facts(
        parameters=sum(weight.numel() for weight in net.parameters()),
        megabytes=(out / "model.onnx").stat().st_size / 1e6,
        best_epoch=history.best_epoch + 1,
        epochs=len(history.entries),
        milliseconds=times,
    )
    (out / "MODEL_CARD.md").write_text(render_card(recipe, report, sky, facts), encoding="utf-8")
    check_bundle(out)


def _write_manifest(out: Path, sha256: str, threshold: float) -> None:
    text = yaml.safe_dump(
        manifest(sha256, threshold), sort_keys=False, allow_unicode=True, width=100
    )
    (out / "model.yaml").write_text(text, encoding="utf-8")
