"""Every number of the recipe, in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """One training run."""

    seed: int = 2611
    folds: int = 8
    """An eighth of the training patients (fold 0) is held out as the `dev` part."""
    size: int = 160
    """Side of the square input in the last epochs, in pixels."""
    small_size: int = 128
    """Side before: small images first are cheap, larger ones last are exact."""
    widths: tuple[int, ...] = (48, 96, 96, 160, 160, 160)
    """Channels of the residual blocks; a block of a new width halves the resolution."""
    drop: float = 0.15
    """Chance that the last residual branch is left out; earlier ones less (stochastic depth)."""
    epochs: int = 24
    last_epochs: int = 4
    """Of these, those at full size."""
    patience: int = 6
    """Epochs without a better dev loss before stopping."""
    batch: int = 16
    learning_rate: float = 1.2e-3
    """At its highest: it rises over `warm_up_epochs` and falls along a cosine to nothing."""
    last_rate: float = 3e-4
    """At full size: it falls from here along a line to nothing."""
    warm_up_epochs: float = 1.0
    weight_decay: float = 0.05
    ema_decay: float = 0.995
    gradient_norm: float = 1.0
    mixup_probability: float = 0.25
    mixup_alpha: float = 0.4
    smoothing: float = 0.03
    """Share of each hard label that is spread over all three."""
    teacher_share: float = 0.5
    """Share of the target that comes from the teacher, the shipped cxr-pneumonia bundle."""
    limit: int | None = None
    """Films per class to read at most (smoke runs)."""
    mean: float = 0.48
    std: float = 0.23
    """Of pixels scaled to [0, 1]; the net standardises each image again."""

    def size_at(self, epoch: int) -> int:
        """Image side of a zero-based epoch."""
        return self.small_size if epoch < self.epochs - self.last_epochs else self.size

    def rate(self, at: float) -> float:
        """The learning rate after `at` epochs."""
        first = self.epochs - self.last_epochs
        if at >= first:
            return self.last_rate * max(0.0, (self.epochs - at) / self.last_epochs)
        if at < self.warm_up_epochs:
            return self.learning_rate * max(0.01, at / self.warm_up_epochs)
        done = (at - self.warm_up_epochs) / (first - self.warm_up_epochs)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))

    def shortened(self, epochs: int) -> Recipe:
        """The same recipe in `epochs` epochs, a sixth of them (at least one) at full size."""
        return replace(self, epochs=epochs, last_epochs=max(1, round(epochs / 6)))

    def smoke(self) -> Recipe:
        """A minute-long run that goes through every line of the recipe and learns nothing."""
        short = replace(self.shortened(2), warm_up_epochs=0.5, limit=10, batch=8)
        return replace(short, size=64, small_size=48, widths=(16, 24, 32))
