"""Every number of the recipe, in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Phase:
    """Some epochs at one image size: small images first are cheap, large ones last are exact."""

    size: int
    epochs: int


@dataclass(frozen=True)
class Recipe:
    """One training run. `members` nets are trained on different folds and averaged."""

    seed: int = 2606
    members: int = 2
    folds: int = 8
    """Member i holds out patients of fold i (an eighth of train) as its `dev` part."""
    phases: tuple[Phase, ...] = (Phase(160, 18), Phase(224, 4))
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warm_up_epochs: float = 2.0
    plateau_factor: float = 0.5
    plateau_patience: int = 3
    cool_down_to: float | None = 0.03
    """Over the last phase the learning rate falls along a line to this share of itself. None: it
    stays with ReduceLROnPlateau to the end."""
    stop_patience: int = 4
    """Epochs without a better dev loss, counted in the last phase only, before stopping."""
    ema_decay: float = 0.995
    focal_gamma: float = 1.5
    mixup_probability: float = 0.25
    mixup_alpha: float = 0.4
    gradient_norm: float = 1.0
    limit: int | None = None
    """Films per class to read at most (smoke runs)."""
    mean: float = 0.48
    std: float = 0.23
    """Of pixels scaled to [0, 1]; the net standardises each image again (network.Standardise)."""

    @property
    def size(self) -> int:
        return self.phases[-1].size

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.phases)

    def size_at(self, epoch: int) -> int:
        """Image side of a zero-based epoch."""
        for phase in self.phases:
            if epoch < phase.epochs:
                return phase.size
            epoch -= phase.epochs
        return self.size

    def is_last_phase(self, epoch: int) -> bool:
        return epoch >= self.epochs - self.phases[-1].epochs

    def shortened(self, epochs: int) -> Recipe:
        """The same recipe in `epochs` epochs, a quarter of them (at least one) at full size."""
        last = max(1, round(epochs / 4))
        first = Phase(self.phases[0].size, epochs - last)
        return replace(self, phases=(first, Phase(self.size, last)))

    def classic(self) -> Recipe:
        """The settings that older chest film services of this kind were trained with.

        One image size, AdamW with weight decay 1e-4, learning rate 1e-5 with ReduceLROnPlateau
        from the first epoch to the last, at most 50 epochs, weighted focal loss with gamma 2.
        """
        return replace(
            self,
            phases=(Phase(self.size, 50),),
            learning_rate=1e-5,
            weight_decay=1e-4,
            warm_up_epochs=0.0,
            cool_down_to=None,
            stop_patience=10,
            focal_gamma=2.0,
        )

    def smoke(self) -> Recipe:
        """A minute-long run that goes through every line of the recipe and learns nothing."""
        warm_up = min(self.warm_up_epochs, 0.5)
        return replace(self.shortened(2), limit=12, warm_up_epochs=warm_up)
