"""Curves as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure


def save(figure: Figure, path: Path) -> None:
    """A PNG without time stamps, the same for the same numbers."""
    matplotlib.use("Agg")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def draw_history(
    entries: Sequence[Mapping[str, float]], panels: Mapping[str, Sequence[str]], path: Path
) -> None:
    """Figures by epoch: one panel for each title in `panels`, one line for each of its figures."""
    figure = Figure(figsize=(3.4 * len(panels), 3.4), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for (title, names), panel in zip(panels.items(), axes, strict=True):
        for name in names:
            found = [(i + 1, entry[name]) for i, entry in enumerate(entries) if name in entry]
            panel.plot([x for x, _ in found], [y for _, y in found], label=name)
        panel.set_title(title)
        panel.set_xlabel("epoch")
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8)
    save(figure, path)
