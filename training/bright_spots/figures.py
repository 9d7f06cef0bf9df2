"""The pictures of the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from training.kit.figures import save

from .evaluate import PAIR_SNRS, SNRS, SPACINGS, Report
from .served import Served
from .simulate import Conditions, simulate

COLOURS = {"bright-spots": "#D55E00", "DBSCAN": "#0072B2", "blob_log": "#009E73"}
"""From the palette of Okabe and Ito, which colour-blind readers can tell apart."""
FWHM = 2.355
SPOT = (230, 159, 0)


def draw_by_snr(report: Report, path: Path) -> None:
    """Recall and precision against SNR."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for panel, what in zip(figure.subplots(1, 2), ("recall", "precision"), strict=True):
        for name, scores in report.by_snr.items():
            values = [getattr(one, what) for one in scores]
            panel.semilogx(SNRS, values, "o-", color=COLOURS[name], label=name, markersize=4)
        panel.set(title=what, xlabel="SNR of the brightest pixel", ylim=(0, 1.02))
        panel.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panel.legend(fontsize=8)
    save(figure, path)


def draw_by_spacing(report: Report, path: Path) -> None:
    """Share of pairs told apart, and precision, against the spacing."""
    figure = Figure(figsize=(9, 6.6), layout="constrained")
    for row, snr in zip(figure.subplots(2, len(PAIR_SNRS)).T, PAIR_SNRS, strict=True):
        for name, shares in report.apart[snr].items():
            precision = [one.precision for one in report.pair_scores[snr][name]]
            for panel, values in zip(row, (shares, precision), strict=True):
                panel.plot(SPACINGS, values, "o-", color=COLOURS[name], label=name, markersize=4)
        for panel, what in zip(row, ("pairs told apart", "precision on pairs"), strict=True):
            panel.axvline(FWHM, color="0.6", linestyle="--")
            panel.set(title=f"{what}, SNR {snr:g}", ylim=(0, 1.02))
            panel.set_xlabel("spacing in sigmas (dashed: full width at half maximum)")
            panel.grid(alpha=0.3)
    row[0].legend(fontsize=8)
    save(figure, path)


def draw_examples(served: Served, threshold: float, seed: int, path: Path) -> None:
    """Six simulated frames with the truth (circles) and what was found (boxes)."""
    figure = Figure(figsize=(10.5, 7.2), layout="constrained")
    random = np.random.default_rng([seed, 77])
    for panel in figure.subplots(2, 3).flat:
        made = simulate(96, 96, Conditions(empty=0.0, count=(6.0, 40.0)), random)
        low, high = np.percentile(made.pixels, [0.5, 99.7])
        panel.imshow(made.pixels, cmap="gray", vmin=low, vmax=high, extent=(0, 96, 96, 0))
        for spot in made.spots:
            panel.plot(spot.x, spot.y, "o", color="#56B4E9", markersize=9, fillstyle="none")
        for x, y, width, height in served.detect([made.pixels])[0].at(threshold).boxes:
            panel.plot(
                [x, x + width, x + width, x, x],
                [y, y, y + height, y + height, y],
                color="#E69F00",
                linewidth=1.1,
            )
        panel.set(xlim=(0, 96), ylim=(96, 0), xticks=[], yticks=[])
        panel.set_title(f"{len(made.spots)} particles, median SNR {np.median(made.snr):.1f}")
    save(figure, path)


def draw_boxes(
    picture: npt.NDArray[np.uint8],
    boxes: Sequence[Sequence[float]] | npt.NDArray[np.float64],
    path: Path,
) -> None:
    """A JPEG of a picture (height, width, 3), twice as large, with boxes and no labels."""
    image = Image.fromarray(picture).resize((picture.shape[1] * 2, picture.shape[0] * 2))
    pen = ImageDraw.Draw(image)
    for x, y, width, height in boxes:
        pen.rectangle((2 * x, 2 * y, 2 * (x + width), 2 * (y + height)), outline=SPOT, width=1)
    image.save(path, quality=85)
