"""The two pictures of the bundle: learning curves and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from training.kit.figures import save

COLOURS = {"pneumonia": "#D55E00", "bacterial": "#0072B2", "viral": "#009E73"}
"""From the palette of Okabe and Ito, which colour-blind readers can tell apart."""


def draw_curves(histories: Sequence[Sequence[dict[str, float]]], path: Path) -> None:
    """Training loss, dev loss and learning rate of each member, by epoch."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    train, dev, rate = figure.subplots(1, 3)
    for index, history in enumerate(histories):
        epochs = [entry["epoch"] + 1 for entry in history]
        colour = f"C{index}"
        train.plot(epochs, [entry["train"] for entry in history], colour, label=f"member {index}")
        dev.plot(epochs, [entry["score"] for entry in history], colour)
        rate.semilogy(epochs, [entry["rate"] for entry in history], colour)
    train.set_title("focal loss, training")
    dev.set_title("cross-entropy, dev (plain and shifted)")
    dev.set_ylim(0, 0.8)
    rate.set_title("learning rate")
    train.legend(fontsize=8)
    for axes in (train, dev, rate):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    save(figure, path)
