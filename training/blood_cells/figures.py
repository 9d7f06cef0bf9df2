"""The pictures of the bundle: learning curves, and precision against recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.kit.figures import draw_history, save

from .evaluate import Report
from .settings import LABELS

PANELS = {
    "losses, training": ("loss_labels", "loss_boxes", "loss_sides"),
    "dev, all labels": ("map50", "map"),
    "dev, AP@0.5 by label": tuple(f"ap_{label.lower()}" for label in LABELS),
    "learning rate": ("rate",),
}
COLOURS = {"RBC": "#D55E00", "WBC": "#0072B2", "Platelets": "#009E73"}
"""Of the palette of Okabe and Ito; lines on white."""


def draw_curves(entries: Sequence[Mapping[str, float]], path: Path) -> None:
    """Losses, dev scores and learning rate by epoch."""
    draw_history(entries, PANELS, path)


def draw_precision_recall(report: Report, path: Path) -> None:
    """One panel for each label, IoU 0.5; the dot is the operating point."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    panels = figure.subplots(1, len(LABELS), sharey=True)
    for (label, score), panel in zip(report.labels.items(), panels, strict=True):
        curve = score.curve
        envelope = np.maximum.accumulate(curve.precision[::-1])[::-1]
        panel.plot(curve.recall, curve.precision, color=COLOURS[label], alpha=0.4, linewidth=1)
        panel.step(curve.recall, envelope, color=COLOURS[label], where="pre")
        panel.plot([score.recall], [score.precision], "o", color="black")
        panel.set(
            title=f"{label}: AP@0.5 {score.ap50:.3f}", xlabel="recall", xlim=(0, 1), ylim=(0, 1.02)
        )
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("precision")
    save(figure, path)
