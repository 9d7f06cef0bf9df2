"""Every number of the recipe, in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """One training run."""

    seed: int = 2611
    folds: int = 8
    """An eighth of the training patients (fold 0) is held out as the `dev` part."""
    size: int = 128
    """Side of the square input, in pixels."""
    widths: tuple[int, ...] = (48, 96, 96, 160, 160, 160)
    """Channels of the residual blocks; a block of a new width halves the resolution."""
    drop: float = 0.15
    """Chance that the last residual branch is left out; earlier ones less (stochastic depth)."""
    epochs: int = 20
    patience: int = 6
    """Epochs without a better dev loss before stopping."""
    batch: int = 16
    learning_rate: float = 1.2e-3
    """At its highest: it rises over `warm_up_epochs` and falls along a cosine to nothing."""
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

    def smoke(self) -> Recipe:
        """A minute-long run that goes through every line of the recipe and learns nothing."""
        return replace(self, limit=10, epochs=2, size=64, widths=(16, 24, 32), batch=8)
