"""Grad-CAM (Selvaraju et al., 2017, arXiv:1610.02391): ReLU(sum over k of alpha_k A_k).

A_k are the maps of one layer, alpha_k the mean over positions of d logit / d A_k. Where the runtime
has gradients, they are asked for, at any layer.

Where only a mean and a linear map lie between the last features A and the logits, alpha_k is the
weight of the linear map over the number of positions, and Grad-CAM is the ReLU of the class
activation map (Zhou et al., 2016, arXiv:1512.04150) up to that factor. A bundle may export these
maps as an output (`outputs.activations`): one forward pass answers for all labels, without
gradients.

For one object of a detector the mean over positions would say what speaks for the label anywhere in
the picture, so there each place keeps its own gradient, ReLU(sum over k of (d score / d A_k) A_k),
as in ODAM (Zhao and Chan, 2023, arXiv:2304.06354) and HiResCAM (Draelos and Carin, 2020,
arXiv:2011.08891). Deviation from ODAM: the gradients are not smoothed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.ports import Attribution
from dropsight_inference.explainers.fidelity import measure_fidelity
from dropsight_inference.explainers.parameters import Parameters, read_parameters
from dropsight_inference.explainers.subject import Subject
from dropsight_inference.explainers.values import ObjectQuestion, Question

Maps = npt.NDArray[np.float32]
"""(labels asked for, h, w), before ReLU."""


class GradCamParameters(Parameters, kw_only=True, frozen=True):
    layer: str | None = None
    """Name of the layer, where the runtime has gradients. None: the last one with maps."""


def explain(subject: Subject, parameters: Mapping[str, Any]) -> list[Attribution]:
    """ReLU of each column's map (h, w), stretched bilinearly to the input's (height, width)."""
    asked = read_parameters(parameters, GradCamParameters, "grad-cam")
    if isinstance(subject.question, ObjectQuestion):
        maps, described = _object_map(subject, subject.question, asked.layer)
    else:
        maps, described = _maps(subject, subject.question, asked.layer)
    spec = subject.manifest.input
    signed = [_stretch(one, spec.width, spec.height) for one in maps]
    figures = measure_fidelity(subject, signed)
    attributions = []
    for label, small, fidelity in zip(subject.question.labels, maps, figures, strict=True):
        heatmap = _stretch(np.maximum(small, 0.0), spec.width, spec.height)
        attributions.append(
            Attribution(
                label=label,
                heatmap=heatmap,
                parameters={
                    **described,
                    "grid": list(small.shape),
                    "maximum": float(heatmap.max()),
                },
                fidelity=fidelity,
            )
        )
    return attributions


def _object_map(
    subject: Subject, question: ObjectQuestion, layer: str | None
) -> tuple[Maps, dict[str, Any]]:
    """One map, and what is to be said of where it comes from."""
    if subject.local_gradients is None:
        raise ExplanationUnavailable(
            f"method: found 'grad-cam', but runtime {subject.manifest.runtime!r} of model "
            f"{subject.manifest.name!r} has no gradients for objects; legal is 'lime'"
        )
    row = subject.row()[None]
    outputs = subject.submit(row).result()
    found = subject.local_gradients(
        row, lambda tensors: question.score(outputs, tensors), question.shares, layer
    ).result()
    local: Maps = (found.gradients * found.activations).sum(axis=0)[None]
    return local, {"layer": found.layer}


def _maps(subject: Subject, question: Question, layer: str | None) -> tuple[Maps, dict[str, Any]]:
    """The maps, and what is to be said of where they come from."""
    known = [label.id for label in subject.manifest.labels]
    labels = [known.index(label) for label in question.labels]
    row = subject.row()[None]
    if subject.gradients is not None:
        found = subject.gradients(row, labels, layer).result()
        maps: Maps = np.einsum("lc,chw->lhw", found.weights, found.activations)
        return maps, {"layer": found.layer}
    name = subject.manifest.name
    if layer is not None:
        raise ExplanationUnavailable(
            f"parameters of grad-cam: `layer`: found {layer!r}, but runtime "
            f"{subject.manifest.runtime!r} of model {name!r} has no gradients; leave it out"
        )
    activations = subject.submit(row).result().activations
    if activations is None:
        raise ExplanationUnavailable(
            f"method: found 'grad-cam', but model {name!r} exports no class "
            "activation maps (outputs.activations in its model.yaml); legal is 'lime'"
        )
    return activations[0, labels], {}


def _stretch(small: npt.NDArray[np.float32], width: int, height: int) -> npt.NDArray[np.float32]:
    wide: npt.NDArray[np.float32] = cv2.resize(small, (width, height)).astype(np.float32)
    return wide
