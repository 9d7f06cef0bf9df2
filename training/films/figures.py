"""How well probabilities hold, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from training.films.data import Floats
from training.films.scores import reliability
from training.kit.figures import save


def draw_calibration(
    probability: Floats, target: Floats, colours: Mapping[str, str], path: Path
) -> None:
    """Reliability of each label, in the order of `colours`. probability, target: (N, labels)."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for k, axes in enumerate(figure.subplots(1, len(colours))):
        label = list(colours)[k]
        axes.plot([0, 1], [0, 1], "0.6", linestyle="--")
        points = reliability(probability[:, k], target[:, k])
        axes.plot([x for x, _ in points], [y for _, y in points], "o-", color=colours[label])
        axes.hist(
            probability[:, k],
            bins=20,
            range=(0, 1),
            color=colours[label],
            alpha=0.2,
            weights=[1 / len(probability)] * len(probability),
        )
        axes.set(title=label, xlabel="probability", ylabel="frequency", xlim=(0, 1), ylim=(0, 1))
        axes.grid(alpha=0.3)
    save(figure, path)
