"""Two ways to mix films of a batch while training: their styles, and their pixels with labels."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from training.films.augment import Random
from training.films.data import Floats


class MixStyle(keras.layers.Layer):
    """Mixes channel mean and deviation between images of a batch (arXiv:2104.02008).

    Training only, on half of the batches: a film keeps its content, and gets the style of another.
    (N, h, w, c) -> the same shape.
    """

    def __init__(self, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return x
        wide = ops.cast(x, "float32")
        mean = ops.stop_gradient(ops.mean(wide, (1, 2), keepdims=True))
        deviation = ops.stop_gradient(ops.std(wide, (1, 2), keepdims=True)) + 1e-3
        count = ops.shape(x)[0]
        order = keras.random.shuffle(ops.arange(count), seed=self.seed_generator)
        share = keras.random.beta((count, 1, 1, 1), 0.2, 0.2, seed=self.seed_generator)
        chosen = keras.random.uniform((), seed=self.seed_generator) < 0.5
        share = ops.where(chosen, share, ops.ones_like(share))
        new_mean = share * mean + (1 - share) * ops.take(mean, order, axis=0)
        new_deviation = share * deviation + (1 - share) * ops.take(deviation, order, axis=0)
        return ops.cast((wide - mean) / deviation * new_deviation + new_mean, x.dtype)


def mix_up(images: Floats, target: Floats, alpha: float, random: Random) -> tuple[Floats, Floats]:
    """Each film and its target blended with another of the batch (arXiv:1710.09412)."""
    share = np.float32(random.beta(alpha, alpha))
    order = random.permutation(len(images))
    return (
        share * images + (1 - share) * images[order],
        share * target + (1 - share) * target[order],
    )
