"""The two pictures of the bundle: learning curves, and precision by recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from training.kit.figures import draw_history, save

from .evaluate import Report
from .measure import precision_and_recall

PANELS = {
    "training: regions and boxes": ("objectness", "rpn_box_reg", "classifier", "box_reg"),
    "training: masks and pixels": ("mask", "pixels"),
    "dev: average precision": ("dev box AP", "dev mask AP"),
    "learning rate": ("rate",),
}
COLOURS = {"box": "#0072B2", "mask": "#D55E00"}


def draw_curves(entries: Sequence[Mapping[str, float]], path: Path) -> None:
    """By epoch; heads have no figures before the warm-up is over."""
    draw_history(entries, PANELS, path)


def draw_precision(reports: Mapping[str, Report], threshold: float, path: Path) -> None:
    """Precision by recall at IoU 0.5, boxes and masks, one panel for each set of pictures."""
    figure = Figure(figsize=(4.2 * len(reports), 3.8), layout="constrained")
    panels = figure.subplots(1, len(reports), squeeze=False)[0]
    for (name, report), axes in zip(reports.items(), panels, strict=True):
        compared = report.comparisons
        scores = np.concatenate([x.scores for x in compared])
        truths = sum(len(x.areas) for x in compared)
        for by, colour in COLOURS.items():
            hits = np.concatenate([x.box_hits if by == "box" else x.mask_hits for x in compared])
            precision, recall = precision_and_recall(scores, hits, truths)
            ap = report.box_ap if by == "box" else report.mask_ap
            axes.plot(recall, precision, color=colour, label=f"{by}, AP {ap.value:.2f}")
            at = int((scores >= threshold).sum()) - 1
            if at >= 0:
                axes.plot(recall[at], precision[at], "o", color=colour)
        axes.set(title=name, xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="lower left")
    save(figure, path)
