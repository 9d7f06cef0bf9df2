"""Turns logits into probabilities that mean what they say, and picks the operating points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from training.films.data import Floats
from training.films.scores import operating_point

LOG_LIMIT = 3.0
"""Temperatures from 1/20 to 20: a net that learnt nothing has none that fits."""


@dataclass(frozen=True)
class Calibration:
    """probability[k] = sigmoid((logit[k] + offset[k]) / temperature).

    The offset goes into the bias of the exported graph, the temperature into `model.yaml`.
    """

    temperature: float
    offset: tuple[float, ...]
    thresholds: tuple[float, ...]


def sigmoid(x: Floats) -> Floats:
    return (1 / (1 + np.exp(-x))).astype(np.float32)


def fit(logits: Floats, targets: Floats) -> Calibration:
    """Temperature scaling (Guo et al. 2017, arXiv:1706.04599) with one offset per label.

    The offsets undo what the label weights of the loss did to the base rates. Fitted by maximum
    likelihood over all labels at once. logits, targets: (N, 3).
    """
    scores, wanted = torch.from_numpy(logits).double(), torch.from_numpy(targets).double()
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    offset = torch.zeros(logits.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [log_temperature, offset], max_iter=200, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        temperature = log_temperature.clamp(-LOG_LIMIT, LOG_LIMIT).exp()
        value = nn.functional.binary_cross_entropy_with_logits(
            (scores + offset) / temperature, wanted
        )
        torch.autograd.backward(value)
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    temperature = round(float(np.exp(log_temperature.detach().clamp(-LOG_LIMIT, LOG_LIMIT))), 4)
    shift = offset.detach().numpy().astype(np.float32)
    probability = sigmoid((logits + shift) / temperature)
    thresholds = tuple(
        operating_point(probability[:, k], targets[:, k]) for k in range(logits.shape[1])
    )
    return Calibration(temperature, tuple(float(value) for value in shift), thresholds)
