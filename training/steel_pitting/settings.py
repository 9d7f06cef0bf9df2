"""Every number of the recipe, in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace

DATA = "bsdata_pitting"
MODEL = "steel-pitting"
LABEL = "pitting"


@dataclass(frozen=True)
class Recipe:
    """One training run: first the backbone as a segmenter of pixels, then the whole network."""

    seed: int = 2107
    folds: int = 6
    """Every sixth group of train, T1 and T2 apart, is held out as `dev`."""
    width: int = 1024
    height: int = 384
    """Of the served input, pixels; pictures are put into it whole (letterbox), about 1.4 times as
    large as they are."""
    mean: float = 0.45
    std: float = 0.25
    """Of intensities in [0, 1], for each of the three channels."""

    warm_up_epochs: int = 3
    epochs: int = 20
    """All of them, those of the warm-up too."""
    steps: int = 96
    """Batches in an epoch."""
    batch: int = 4
    crop: int = 256
    """Side of a training view in pixels of the served scale."""
    learning_rate: float = 1.5e-3
    first_steps: int = 60
    """Over these the learning rate rises along a line; later it falls along a cosine."""
    last_rate: float = 0.02
    """Share of the learning rate that is left at the end."""
    weight_decay: float = 0.05
    gradient_norm: float = 5.0
    ema_decay: float = 0.995
    semantic_weight: float = 0.5
    """Of the pixel loss, once boxes and masks are trained too."""
    patience: int = 8
    """Epochs without a better dev score before training stops."""

    zoom: tuple[float, float] = (0.75, 1.45)
    rotation: float = 12.0
    """Degrees to either side."""
    aimed: float = 0.6
    """Share of views that are placed over a defect."""
    pasted: float = 1.2
    """Mean number of pits pasted into a view."""
    simulated: float = 0.3
    """Share of pasted pits that are drawn instead of copied."""
    decoys: float = 0.6
    """Mean number of clean patches pasted the same way, which are no defects."""

    detections: int = 30
    """In one picture, at most."""
    minimum_score: float = 0.01
    iou: float = 0.45
    """Above it the weaker of two boxes is suppressed; in the graph and again in the result."""
    limit: int | None = None
    """Pictures to read at most (smoke runs)."""

    def shortened(self, epochs: int) -> Recipe:
        """The same recipe in `epochs` epochs, a sixth of them for the warm-up."""
        return replace(self, epochs=epochs, warm_up_epochs=min(self.warm_up_epochs, epochs // 6))

    def smoke(self) -> Recipe:
        """A minute-long run through every line of the recipe, which learns nothing."""
        return replace(self, warm_up_epochs=1, epochs=2, steps=2, batch=2, crop=128, limit=5)
