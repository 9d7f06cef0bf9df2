"""LIME (Ribeiro, Singh, Guestrin, 2016, "Why Should I Trust You?", arXiv:1602.04938) for images.

The image is cut into superpixels; the model looks at it again and again with some of them hidden;
a linear model, fitted to its answers with more weight on images that stay close to the original,
gives each superpixel its share in the decision. Works for any runtime: it needs forward passes.

Deviations from the paper and the `lime` package:

- masks come from a scrambled Sobol sequence (see `perturbations.sobol_masks`): 257 of them rank
  superpixels as well as about a thousand random ones;
- the surrogate is fitted to log-odds by default, where lime takes probabilities: they add up over
  the evidence and do not flatten near 0 and 1, so a linear model fits them better, and a film with
  probability 0.999 is explained as well as one with 0.7. `target: probability` gives lime's own;
- hidden superpixels become the image's mean, where lime gives each its own: an evenly white lung
  is its own mean, so lime's way cannot take the very finding away, and points at what has texture
  (on a film of pneumonia, deletion AUC 0.94, and 0.49 with the image's mean). The price is a
  surrogate that fits less well (R² about 0.6 in place of 0.9). `fill: superpixel-mean` is lime's;
- SLIC in place of quickshift: superpixels of similar size, and faster.

One object of a detector is explained by the value of `values.ObjectQuestion`: superpixels are cut
in its neighbourhood (`neighbourhood.py`), and the surrogate is fitted to the value itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from dropsight.ports import Attribution
from dropsight_inference.explainers.fidelity import measure_fidelity
from dropsight_inference.explainers.parameters import Parameters, read_parameters
from dropsight_inference.explainers.perturbations import (
    Perturber,
    Segments,
    sobol_masks,
    superpixels,
)
from dropsight_inference.explainers.subject import Subject
from dropsight_inference.explainers.surrogate import Surrogate, fit, locality

Positive = Annotated[float, msgspec.Meta(gt=0)]
TOP = 5


class LimeParameters(Parameters, kw_only=True, frozen=True):
    samples: Annotated[int, msgspec.Meta(ge=9, le=16385)] = 257
    """Forward passes; the first keeps the whole image. 2^n + 1 makes a balanced design."""
    segments: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    """Superpixels asked for; SLIC may find a few more or less."""
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    fill: Literal["superpixel-mean", "image-mean"] | Annotated[float, msgspec.Meta(ge=0, le=1)] = (
        "image-mean"
    )
    """What hidden superpixels become; a number is an intensity (0 is black)."""
    kernel_width: Positive = 0.25
    """Of the exponential kernel on cosine distance; larger is less local."""
    ridge: Positive = 1.0
    """Penalty on the squared weights."""
    target: Literal["log-odds", "probability"] = "log-odds"
    """What the surrogate is fitted to."""


class ObjectLimeParameters(LimeParameters, kw_only=True, frozen=True):
    """For one object: fewer superpixels, as only a part of the picture is cut, and fewer passes, as
    those of a detector take longer."""

    samples: Annotated[int, msgspec.Meta(ge=9, le=16385)] = 129
    segments: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 32
    target: Literal["log-odds", "probability"] = "probability"


def explain(subject: Subject, parameters: Mapping[str, Any]) -> list[Attribution]:
    """All columns of the question from one set of forward passes.

    A heatmap holds the positive weight of the superpixel that a pixel belongs to. The signed
    weights are in `parameters`. Same frame, parameters and seed: the same bytes.
    """
    kind = LimeParameters if subject.area is None else ObjectLimeParameters
    asked = read_parameters(parameters, kind, "lime")
    labels = subject.question.labels
    segments, surrogate = weigh_superpixels(subject, asked)
    # Padding has index -1 and so the weight appended at the end: none.
    painted = np.vstack([surrogate.weights, np.zeros((1, len(labels)))]).astype(np.float32)
    signed = [painted[segments, position] for position in range(len(labels))]
    figures = measure_fidelity(subject, signed)
    return [
        Attribution(
            label=label,
            heatmap=np.maximum(signed[position], 0.0),
            parameters=_describe(asked, segments, surrogate, position),
            seed=asked.seed,
            fidelity=_r2(surrogate, position) | figures[position],
        )
        for position, label in enumerate(labels)
    ]


def weigh_superpixels(subject: Subject, asked: LimeParameters) -> tuple[Segments, Surrogate]:
    """The superpixels, and the surrogate with their weights: LIME itself."""
    segments = superpixels(subject, asked.segments)
    masks = sobol_masks(int(segments.max()) + 1, asked.samples, asked.seed)
    perturber = Perturber(subject, segments, asked.fill)
    question = subject.question
    scores = subject.ask(
        len(masks),
        lambda index, row: perturber.write(masks[index], row),
        question.log_odds if asked.target == "log-odds" else question.values,
    )
    return segments, fit(masks, scores, locality(masks, asked.kernel_width), asked.ridge)


def _r2(surrogate: Surrogate, position: int) -> dict[str, float]:
    """Left out where it has no value: a score that never varies."""
    value = float(surrogate.r2[position])
    return {} if np.isnan(value) else {"r2": value}


def _describe(
    asked: LimeParameters, segments: Segments, surrogate: Surrogate, position: int
) -> dict[str, Any]:
    """What was asked, with what came out: signed weights by superpixel, and the heaviest ones."""
    weights = surrogate.weights[:, position]
    heaviest = np.argsort(-np.abs(weights), kind="stable")[:TOP]
    return {
        **msgspec.to_builtins(asked),
        "segments": len(weights),
        "intercept": float(surrogate.intercept[position]),
        "weights": [round(float(weight), 6) for weight in weights],
        "top": [
            {
                "segment": int(index),
                "weight": round(float(weights[index]), 6),
                "box": _box(segments, int(index)),
            }
            for index in heaviest
        ],
        "maximum": max(0.0, float(weights.astype(np.float32).max())),
    }


def _box(segments: Segments, index: int) -> list[int]:
    """[x, y, width, height] of one superpixel, in pixels of the model's input."""
    rows, columns = np.nonzero(segments == index)
    left, top = int(columns.min()), int(rows.min())
    return [left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1]
