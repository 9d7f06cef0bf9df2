"""Grad-CAM (Selvaraju et al., 2017, arXiv:1610.02391): ReLU(sum over k of alpha_k A_k).

A_k are the maps of one layer, alpha_k the mean over positions of d logit / d A_k. Where the runtime
has gradients, they are asked for, at any layer.

Where only a mean and a linear map lie between the last features A and the logits, alpha_k is the
weight of the linear map over the number of positions, and Grad-CAM is the ReLU of the class
activation map (Zhou et al., 2016, arXiv:1512.04150) up to that factor. A bundle may export these
maps as an output (`outputs.activations`): one forward pass answers for all labels, without
gradients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.ports import Attribution
from dropsight_inference.explainers.fidelity import measure_fidelity
from dropsight_inference.explainers.parameters import Parameters, read_parameters
from dropsight_inference.explainers.subject import Subject

Maps = npt.NDArray[np.float32]
"""(labels asked for, h, w), before ReLU."""


class GradCamParameters(Parameters, kw_only=True, frozen=True):
    layer: str | None = None
    """Name of the layer, where the runtime has gradients. None: the last one with maps."""


def explain(
    subject: Subject, labels: Sequence[int], parameters: Mapping[str, Any]
) -> list[Attribution]:
    """ReLU of each label's map (h, w), stretched bilinearly to the input's (height, width)."""
    asked = read_parameters(parameters, GradCamParameters, "grad-cam")
    maps, described = _maps(subject, labels, asked.layer)
    spec = subject.manifest.input
    signed = [_stretch(one, spec.width, spec.height) for one in maps]
    figures = measure_fidelity(subject, labels, signed)
    attributions = []
    for label, small, fidelity in zip(labels, maps, figures, strict=True):
        heatmap = _stretch(np.maximum(small, 0.0), spec.width, spec.height)
        attributions.append(
            Attribution(
                label=subject.manifest.labels[label].id,
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


def _maps(
    subject: Subject, labels: Sequence[int], layer: str | None
) -> tuple[Maps, dict[str, Any]]:
    """The maps, and what is to be said of where they come from."""
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
    return activations[0, list(labels)], {}


def _stretch(small: npt.NDArray[np.float32], width: int, height: int) -> npt.NDArray[np.float32]:
    wide: npt.NDArray[np.float32] = cv2.resize(small, (width, height)).astype(np.float32)
    return wide
