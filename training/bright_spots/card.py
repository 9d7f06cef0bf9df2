"""MODEL_CARD.md, written from the numbers that were measured."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .baselines import dbscan_settings, log_settings
from .evaluate import NET, PAIR_SNRS, SNRS, SPACINGS, Report
from .hubble import Sky
from .matching import Score
from .settings import OVERLAP, TILE, Recipe
from .spots import BOX_WIDTHS

CARD = """# bright-spots

Finds small bright particles in noisy fluorescence microscope frames: boxes of one label, `spot`,
in source pixels. One small convolutional net ({parameters:,} weights) in one ONNX graph of
{megabytes:.1f} MB. For research; not for clinical decisions.

![examples](examples.png)

*Simulated frames it was not trained on: circles are the truth, boxes what was found.*

## Data

Simulated frames, made by `training/bright_spots/simulate.py` from a seed; no picture of anybody's
was used, so no licence applies. The camera is an EMCCD after Hirsch et al. 2013
(doi:10.1371/journal.pone.0053671): Poisson photoelectrons with background and clock-induced
charge, multiplication as a Gamma distribution (excess noise factor sqrt 2), Gaussian read noise,
bias, 16-bit clipping; a fifth of the cameras have no multiplication. Particles are points or
discs (up to a radius of {radius} px) through a Gaussian point spread function with a sigma of
{sigma_low} to {sigma_high} px, up to 1.5 times that out of focus, integrated over pixels.
Backgrounds are uneven, with haze, cell edges, hot pixels and cosmic rays. About a third of the
particles have a close neighbour, {near} to {far} widths away.

**SNR** here is that of a particle's brightest pixel: S / sqrt(F² (S + B) + (R / G)²), with S its
photoelectrons from the particle, B those from all else, F² the excess noise factor squared (2
with multiplication), R the read noise in electrons and G the gain. A particle of sigma 1.5 covers
some 20 pixels, so one of SNR 1 is at the limit of what can be told from noise.

**Box**: a square with a side of {widths:g} times the particle's standard deviation along an axis
(5 px for a point at sigma 1).

## Recipe

`python -m training.bright_spots`. {frames:,} frames of {side} x {side} px in each epoch, none
seen twice; batches of {batch}, AdamW (learning rate {rate:g} on half a cosine, weight decay
{decay:g}), bfloat16, moving average of weights ({ema}), early stopping after {patience} epochs
without a better F1 on {dev} dev frames; seed {seed}. Best of {epochs} epochs: {best}. Loss:
penalty-reduced focal loss for centres (arXiv:1808.01244), L1 for offset and size.

The net normalises by itself, in the graph: a robust local background is subtracted, the rest
divided by the local noise, and passed through asinh. Offset, gain and exposure do not matter. The
stack works at half resolution; centres are told at full resolution, and only local maxima come
out.

![curves](curves.png)

## Results

All through the served path: a 16-bit TIFF, `dropsight.imaging.prepare`, tiles, the engine,
suppression. {tested} simulated frames with other seeds than training's. A detection counts if it
is within 1.5 px of a true centre, or within one width if that is more, one to one. Beside it:

- **DBSCAN** (scikit-learn) on pixels above a threshold: {dbscan}
- **blob_log** (scikit-image): {log}

Both may smooth (sigma 1) and take out hot pixels (median of 3 x 3) first, and then take out
background and noise by blocks; thresholds are in units of that noise. What is said here is the
best of {tried_dbscan} and of {tried_log} combinations by F1 on one set of dev frames, on which the
net's threshold was chosen too ({threshold}).

Scenes of every kind (SNR {snr_low:g} to {snr_high:g}, members of pairs down to 0.6 of that; discs,
hot pixels):

| | recall | precision | F1 | F1 on dev |
|---|---|---|---|---|
{mixed_rows}

Many particles of these scenes have an SNR of about 1, so no detector finds all. Boxes of hits:
median IoU with the true box {iou:.2f}; {above:.0%} have 0.5 or more.

### Against SNR

Single points, sigma {sigma_low} to {sigma_high} px, {spots} of each SNR, recall / precision:

| SNR | {names} | centre error, px |
|---|{columns}---|
{snr_rows}

![recall and precision against SNR](snr.png)

Thresholds are fixed, so precision at low SNR falls with recall: there are fewer true finds beside
the same false ones.

### Against spacing

Share of pairs of equal points of which both were found, each within half the spacing:

{spacing_tables}

![pairs against spacing](spacing.png)

The full width at half maximum is 2.36 sigma, Sparrow's limit 2 sigma: nearer than that a pair has
one maximum. The served suppression (IoU 0.5) would merge boxes nearer than a third of their side,
1.7 sigma.

## On real light: the Hubble eXtreme Deep Field

![Hubble eXtreme Deep Field with boxes](hubble.jpg)

`skimage.data.hubble_deep_field()` (NASA, ESA; public domain), as an 8-bit RGB file through the
pipeline. Found at the operating point: at least {objects} objects, median side {sky_side:.1f} px.
One result document has no room for more than some 2,800 findings; {left_out} weaker candidates were
left out. Of {strong} objects that blob_log finds at {strong_at:g} times the noise, {strong_found}
are among them. There is no truth for this picture, and nothing was tuned on it; a large galaxy is
not one small spot, and may get several boxes or none.

## Use

Input: 16-bit TIFF or PNG (several pages: findings for each), or 8-bit files; one channel, colour
is turned to luma. Frames keep their pixels: tiles of {tile} x {tile} px that share {overlap} px
(`input.resize: tile`); the full range of each frame, without clipping (`input.contrast: full`).
On a server CPU (AVX-512, 1 thread), file to findings, fastest of 5 runs on a machine with other
load: {times}. Candidates are kept from a score of 0.1 up, so thresholds move without inference.
Scores are not probabilities.

## Limits

- Trained on simulated frames only, and measured on frames of the same simulator: expect less on a
  real microscope, and set the threshold on frames of your own.
- Never seen: point spread functions with rings or astigmatism, filaments, moving particles
  (streaks), sCMOS pixel-to-pixel gain, dense tissue, bright-field or dark particles on bright
  ground.
- Made for particles of a sigma of about {sigma_low} to {sigma_high} px (boxes of 5 to 20 px).
  Resample frames of another scale first. A larger object may be cut into several.
- Nothing tells a cluster of hot pixels that is as wide as a spot from one.
- In the tables above recall is at 0.5 or more from an SNR of {half_snr} on and at 0.9 or more from
  {most_snr} on; half of the pairs are told apart from a spacing of {half_spacing} sigmas on at SNR
  {bright:g}, and of {half_spacing_dim} at SNR {dim:g}.

Licence of the weights: Apache-2.0. Picture of the sky: public domain.
"""


@dataclass(frozen=True)
class Facts:
    """About the net and the run."""

    parameters: int
    megabytes: float
    best_epoch: int
    epochs: int
    milliseconds: Mapping[int, float]
    """Of one frame, by its side in px."""


def render_card(recipe: Recipe, report: Report, sky: Sky, facts: Facts) -> str:
    """The text of `MODEL_CARD.md`."""
    conditions = recipe.conditions
    names = list(report.mixed)
    text = CARD.format(
        parameters=facts.parameters,
        megabytes=facts.megabytes,
        radius=conditions.largest_radius,
        sigma_low=conditions.sigma[0],
        sigma_high=conditions.sigma[1],
        near=conditions.spacing[0],
        far=conditions.spacing[1],
        widths=BOX_WIDTHS,
        frames=recipe.frames,
        side=recipe.side,
        batch=recipe.batch,
        rate=recipe.learning_rate,
        decay=recipe.weight_decay,
        ema=recipe.ema_decay,
        patience=recipe.patience,
        dev=recipe.dev_frames,
        seed=recipe.seed,
        epochs=facts.epochs,
        best=facts.best_epoch,
        tested=report.frames,
        dbscan=report.settings["DBSCAN"],
        log=report.settings["blob_log"],
        threshold=report.threshold,
        tried_dbscan=len(dbscan_settings()),
        tried_log=len(log_settings()),
        snr_low=conditions.snr[0],
        snr_high=conditions.snr[1],
        mixed_rows="\n".join(
            f"| {_bold(name)} | {one.recall:.3f} | {one.precision:.3f} | {one.f1:.3f} "
            f"| {report.dev[name].f1:.3f} |"
            for name, one in report.mixed.items()
        ),
        iou=report.iou,
        above=report.iou_above_half,
        spots=_spots(report),
        names=" | ".join(names),
        columns="---|" * len(names),
        snr_rows="\n".join(
            f"| {snr:g} | "
            + " | ".join(_pair(report.by_snr[name][at]) for name in names)
            + f" | {report.centre_error[snr]:.2f} |"
            for at, snr in enumerate(SNRS)
        ),
        spacing_tables="\n\n".join(
            _spacing_table(report.apart[snr], names, snr) for snr in PAIR_SNRS
        ),
        half_snr=_from(SNRS, [one.recall for one in report.by_snr[NET]], 0.5),
        most_snr=_from(SNRS, [one.recall for one in report.by_snr[NET]], 0.9),
        dim=PAIR_SNRS[0],
        bright=PAIR_SNRS[-1],
        half_spacing=_from(SPACINGS, report.apart[PAIR_SNRS[-1]][NET], 0.5),
        half_spacing_dim=_from(SPACINGS, report.apart[PAIR_SNRS[0]][NET], 0.5),
        objects=sky.objects,
        left_out=sky.left_out,
        sky_side=sky.median_side,
        strong=sky.strong,
        strong_found=sky.strong_found,
        strong_at=sky.threshold,
        tile=TILE,
        overlap=OVERLAP,
        times=", ".join(f"{ms:.0f} ms for {n} x {n} px" for n, ms in facts.milliseconds.items()),
    )
    return "\n\n".join(_filled(part) for part in text.split("\n\n"))


def _filled(part: str) -> str:
    """A paragraph in lines of one length again; tables, lists and headings as they are."""
    if part.startswith(("|", "#", "!", "- ")):
        return part
    return textwrap.fill(part, 98, break_long_words=False, break_on_hyphens=False) + (
        "\n" if part.endswith("\n") else ""
    )


def _spacing_table(shares: Mapping[str, Sequence[float]], names: Sequence[str], snr: float) -> str:
    rows = [
        f"| SNR {snr:g}, spacing in sigmas | " + " | ".join(f"{s:g}" for s in SPACINGS) + " |",
        "|---|" + "---|" * len(SPACINGS),
        *(
            f"| {_bold(name)} | " + " | ".join(f"{share:.2f}" for share in shares[name]) + " |"
            for name in names
        ),
    ]
    return "\n".join(rows)


def _bold(name: str) -> str:
    return f"**{name}**" if name == NET else name


def _pair(one: Score) -> str:
    return f"{one.recall:.2f} / {one.precision:.2f}"


def _from(steps: Sequence[float], values: Sequence[float], least: float) -> str:
    """The first step from which on all values are `least` or more."""
    low = [at for at, value in enumerate(values) if value < least]
    first = low[-1] + 1 if low else 0
    return f"{steps[first]:g}" if first < len(steps) else f"more than {steps[-1]:g}"


def _spots(report: Report) -> int:
    """True points of one SNR, in all its frames together."""
    first = report.by_snr[NET][0]
    return first.hits + first.misses
