"""Every number of the recipe, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .simulate import Conditions

NAME = "bright-spots"
TILE = 256
"""Side of the served model's input in px."""
OVERLAP = 48
"""Of neighbouring tiles, in px: twice the side of the largest box and some more. TILE - OVERLAP is
a multiple of the net's coarsest step, 8 px, so that neighbours see the same grid."""


@dataclass(frozen=True)
class Recipe:
    seed: int = 3107
    side: int = 128
    """Of a training frame, in px."""
    frames: int = 1536
    """Simulated anew for each epoch."""
    epochs: int = 16
    batch: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warm_up_steps: int = 100
    offset_weight: float = 1.0
    size_weight: float = 1.0
    gradient_norm: float = 5.0
    ema_decay: float = 0.998
    patience: int = 8
    """Epochs without a better dev F1."""
    dev_frames: int = 200
    conditions: Conditions = field(default_factory=Conditions)

    def smoke(self) -> Recipe:
        """A minute-long run that goes through every line and learns nothing."""
        return replace(self, frames=32, epochs=2, dev_frames=6)
