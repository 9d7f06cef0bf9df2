"""The exponential moving average of the weights, which is what is scored and shipped."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn


class Averaged:
    """`module` is a net with the average of all weights and buffers of `net`.

    After n steps at most (1 + n) / (10 + n) of the average is kept, so that the first, random
    values are soon forgotten.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.module, self.decay, self.steps = copy.deepcopy(net), decay, 0
        self.module.requires_grad_(False)
        # The tensors of a net stay the same objects: they need to be looked for only once.
        self._mine, self._theirs = _tensors(self.module), _tensors(net)

    @torch.no_grad()
    def update(self) -> None:
        """To be called after each step of the optimiser."""
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self._mine, self._theirs, 1 - keep)
        self.steps += 1

    def state_dict(self) -> dict[str, Any]:
        return {"module": self.module.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.module.load_state_dict(state["module"])
        self.steps = state["steps"]


def _tensors(net: nn.Module) -> list[Tensor]:
    """Weights and running statistics; the whole numbers that batch norm counts are left out."""
    found = [*net.parameters(), *net.buffers()]
    return [tensor.detach() for tensor in found if tensor.is_floating_point()]
