"""Grad-CAM (Selvaraju et al., 2017, arXiv:1610.02391) from exported class activation maps.

Where only a mean and a linear map lie between the last features A and the logits, the gradient
weights of Grad-CAM are the weights of the linear map over the number of positions, and Grad-CAM is
the ReLU of the class activation map (Zhou et al., 2016, arXiv:1512.04150) up to that factor. A
bundle exports these maps as an output (`outputs.activations`), so one forward pass answers for all
labels, without gradients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from dropsight.domain.errors import ExplanationUnavailable
from dropsight.ports import Attribution
from dropsight_inference.explainers.fidelity import measure_fidelity
from dropsight_inference.explainers.parameters import Parameters, read_parameters
from dropsight_inference.explainers.subject import Subject


class GradCamParameters(Parameters, kw_only=True, frozen=True):
    """There are none: the maps are what the model exports."""


def explain(
    subject: Subject, labels: Sequence[int], parameters: Mapping[str, Any]
) -> list[Attribution]:
    """ReLU of each label's map (h, w), stretched bilinearly to the input's (height, width)."""
    read_parameters(parameters, GradCamParameters, "grad-cam")
    activations = subject.submit(subject.row()[None]).result().activations
    if activations is None:
        raise ExplanationUnavailable(
            f"method: found 'grad-cam', but model {subject.manifest.name!r} exports no class "
            "activation maps (outputs.activations in its model.yaml); legal is 'lime'"
        )
    spec = subject.manifest.input
    signed = [
        cv2.resize(activations[0, label], (spec.width, spec.height)).astype(np.float32)
        for label in labels
    ]
    figures = measure_fidelity(subject, labels, signed)
    attributions = []
    for label, fidelity in zip(labels, figures, strict=True):
        small = np.maximum(activations[0, label], 0.0)
        heatmap = cv2.resize(small, (spec.width, spec.height)).astype(np.float32)
        attributions.append(
            Attribution(
                label=subject.manifest.labels[label].id,
                heatmap=heatmap,
                parameters={
                    "grid": list(small.shape),
                    "maximum": float(heatmap.max()),
                },
                fidelity=fidelity,
            )
        )
    return attributions
