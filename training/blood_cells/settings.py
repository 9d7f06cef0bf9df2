"""Every number of the recipe."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

LABELS = ("RBC", "WBC", "Platelets")
"""Names in the annotation files, and ids in the bundle."""
RBC, WBC, PLATELETS = range(3)

STRIDES = (8, 16, 32)
"""Pixels of the input between neighbouring anchors, by level of the net."""


@dataclass(frozen=True)
class Phase:
    """Some epochs at one input size."""

    epochs: int
    width: int
    height: int
    mosaic: float
    """Share of training pictures that are mosaics of four."""
    spare_unlabelled: bool
    """Whether red cells that the net is sure of, and nobody labelled, are left out of the loss.
    They are looked for at the beginning of the phase."""


@dataclass(frozen=True)
class Recipe:
    seed: int = 3107
    width: int = 384
    height: int = 288
    """What is served: a 640 x 480 frame times 0.6."""
    mean: float = 0.65
    std: float = 0.2

    phases: tuple[Phase, ...] = (
        Phase(14, 256, 192, 0.6, False),
        Phase(2, 384, 288, 0.6, False),
        Phase(4, 384, 288, 0.6, True),
        Phase(2, 384, 288, 0.0, True),
    )
    passes: int = 4
    """Views of each picture in one epoch."""
    batch: int = 8
    learning_rate: float = 2e-3
    final_share: float = 0.02
    """The learning rate at the end, as a share of the highest."""
    warm_up_epochs: float = 1.0
    weight_decay: float = 0.03
    gradient_norm: float = 10.0
    ema_decay: float = 0.998

    dev: int = 28
    """Pictures of train that are held out."""
    patience: int = 12
    """Epochs without a better one on dev, after which training stops."""
    limit: int | None = None
    """Pictures read of each split; None reads all."""

    nearest: int = 10
    """Anchors of one object at most (task-aligned assignment, arXiv:2108.07755)."""
    score_power: float = 0.5
    iou_power: float = 6.0
    class_weight: float = 0.5
    box_weight: float = 7.5
    distribution_weight: float = 1.5
    """Weights of the three losses."""

    both_ways: bool = True
    """Whether the served graph also looks at the mirror image and gives the mean of both."""

    unlabelled_score: float = 0.6
    """From this score of the averaged net on, an unlabelled RBC is left out of the loss."""
    unlabelled_iou: float = 0.3
    """Below this IoU with every labelled RBC it counts as unlabelled."""

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.phases)

    def phase_at(self, epoch: int) -> Phase:
        """The phase of `epoch`, counted from 0."""
        for phase in self.phases:
            if epoch < phase.epochs:
                return phase
            epoch -= phase.epochs
        raise ValueError(f"epoch {epoch} is past the last phase")

    def rate_at(self, at: float) -> float:
        """Learning rate: a line up while warming up, then half a cosine down. `at` in epochs."""
        wave = (1 + math.cos(math.pi * at / self.epochs)) / 2
        share = self.final_share + (1 - self.final_share) * wave
        return self.learning_rate * share * min(1.0, (at + 0.05) / self.warm_up_epochs)

    def begins(self, epoch: int) -> bool:
        """Whether a phase begins with `epoch`."""
        starts = [sum(phase.epochs for phase in self.phases[:at]) for at in range(len(self.phases))]
        return epoch in starts


def with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """The same phases in proportion, `epochs` in all; the last one has at least one."""
    total, left = recipe.epochs, epochs
    phases = []
    for phase in reversed(recipe.phases):
        share = min(left, max(1, round(phase.epochs * epochs / total)))
        phases.append(replace(phase, epochs=share))
        left -= share
    phases[-1] = replace(phases[-1], epochs=phases[-1].epochs + left)
    return replace(recipe, phases=tuple(reversed(phases)))


def smoke(recipe: Recipe) -> Recipe:
    """A few pictures and steps, through every line."""
    phases = tuple(replace(phase, epochs=1) for phase in recipe.phases)
    return replace(recipe, phases=phases, passes=1, limit=10, dev=3, batch=4)
