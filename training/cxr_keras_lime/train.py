"""Trains the net, with a checkpoint after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import tensorflow as tf

from training.cxr_keras_lime.mixing import mix_up
from training.cxr_keras_lime.network import build
from training.cxr_keras_lime.settings import Recipe
from training.cxr_keras_lime.targets import class_weights, hard_targets, soft_targets
from training.films.augment import augment
from training.films.data import Film, Floats, Pixels, hold_out, prepare, training_films
from training.kit.run import History

AHEAD = 3
"""Batches made ready while the net is at work."""


def as_input(pixels: Pixels, recipe: Recipe) -> Floats:
    """What serving does: uint8 (h, w) -> float32 (size, size, 3)."""
    grey = prepare(pixels, recipe.size, recipe.mean, recipe.std)
    return np.repeat(grey.transpose(1, 2, 0), 3, axis=2)


class Trainer:
    """The state that a checkpoint holds, and the steps that change it."""

    def __init__(self, recipe: Recipe, folder: Path, run: Path) -> None:
        self.recipe, self.run = recipe, run
        cv2.setNumThreads(1)
        self.films, self.dev = hold_out(
            training_films(folder, recipe.limit), 0, recipe.folds, recipe.seed
        )
        self.history = History(run / "history.jsonl", "dev", "lower", recipe.patience)
        self.dev_views = [
            np.stack([as_input(film.pixels, recipe) for film in self.dev]),
            np.stack([self.view(self.dev, i, 1_000_000) for i in range(len(self.dev))]),
        ]
        """The dev films as they are, and each once augmented: a stand-in for another source."""
        keras.utils.set_random_seed(recipe.seed)
        keras.config.set_dtype_policy("mixed_bfloat16")
        self.net = build(recipe, training=True)
        self.averaged = build(recipe, training=False)
        self.averaged.set_weights(self.net.get_weights())
        self.optimiser = keras.optimizers.AdamW(
            recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            global_clipnorm=recipe.gradient_norm,
        )
        self.optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.optimiser.build(self.net.trainable_variables)
        self._step = tf.function(self._take_step, reduce_retracing=True)

    @property
    def checkpoint(self) -> Path:
        return self.run / "last.npz"

    @property
    def best_weights(self) -> Path:
        return self.run / "best.npz"

    @property
    def state(self) -> list[Any]:
        """All that changes: weights, their averages, the optimiser's own, seeds of dropout."""
        return [*self.net.variables, *self.averaged.variables, *self.optimiser.variables]

    @property
    def is_done(self) -> bool:
        return len(self.history.entries) >= self.recipe.epochs or self.history.is_stale

    def restore(self) -> None:
        """Go on after the last epoch that a whole checkpoint was written of."""
        with np.load(self.checkpoint) as stored:
            for variable, name in zip(self.state, stored.files, strict=True):
                variable.assign(stored[name])
        self.history = History.resumed(
            self.history.path, "dev", "lower", patience=self.recipe.patience
        )
        steps = -(-len(self.films) // self.recipe.batch)
        # The history may be an epoch ahead: it is written first.
        del self.history.entries[int(self.optimiser.iterations) // steps :]

    def view(self, films: list[Film], position: int, epoch: int) -> Floats:
        """A random view of one film; the same for the same (seed, epoch, position)."""
        random = np.random.default_rng([self.recipe.seed, epoch, position])
        pixels = augment(films[position].pixels, self.recipe.size, self.films, random)
        return as_input(pixels, self.recipe)

    def run_epoch(self, targets: Floats, progress: Callable[[int], object]) -> float:
        """One pass over the films; the mean loss. targets: float32 (N, 3)."""
        recipe, epoch = self.recipe, len(self.history.entries)
        random = np.random.default_rng([recipe.seed, epoch])
        order = random.permutation(len(self.films))
        weights = class_weights(self.films)
        parts = [order[i : i + recipe.batch] for i in range(0, len(order), recipe.batch)]
        losses = []
        for index, (views, chosen) in enumerate(self._batches(parts, epoch)):
            images, target = views, targets[chosen]
            if random.random() < recipe.mixup_probability:
                images, target = mix_up(images, target, recipe.mixup_alpha, random)
            self.optimiser.learning_rate = self.rate(epoch + index / len(parts))
            # As for labels, the class of a soft target weighs what its shares say.
            losses.append(float(self._step(images, target, (target * weights).sum(1))))
            progress(len(chosen))
        return float(np.mean(losses))

    def rate(self, at: float) -> float:
        """The learning rate after `at` epochs: a line up, then a cosine down to nothing."""
        recipe = self.recipe
        if at < recipe.warm_up_epochs:
            return recipe.learning_rate * max(0.01, at / recipe.warm_up_epochs)
        left = (at - recipe.warm_up_epochs) / max(recipe.epochs - recipe.warm_up_epochs, 1e-6)
        return float(recipe.learning_rate * 0.5 * (1 + np.cos(np.pi * left)))

    def dev_figures(self) -> dict[str, float]:
        """Loss and accuracy of the averaged weights on `dev_views`, each class counted the same."""
        hard, weights = hard_targets(self.dev), class_weights(self.dev)
        chosen = weights[hard.argmax(1)]

        def score(views: Floats) -> tuple[float, float]:
            logits = self.averaged.predict(views, batch_size=self.recipe.batch, verbose=0)
            surprise = keras.losses.categorical_crossentropy(hard, logits, from_logits=True)
            right = logits.argmax(1) == hard.argmax(1)
            return float(np.mean(surprise * chosen)), float(np.mean(right * chosen))

        (loss, accuracy), (loss_shifted, accuracy_shifted) = map(score, self.dev_views)
        return {
            "dev": (loss + loss_shifted) / 2,
            "dev_plain": loss,
            "dev_shifted": loss_shifted,
            "dev_accuracy": accuracy,
            "dev_accuracy_shifted": accuracy_shifted,
        }

    def finish_epoch(self, loss: float) -> Mapping[str, float]:
        """Scores the epoch, keeps its weights if they are the best, writes the checkpoint."""
        epoch = len(self.history.entries)
        figures = {
            "epoch": epoch,
            "train": loss,
            "rate": self.rate(epoch + 1),
            **self.dev_figures(),
        }
        part = self.checkpoint.with_suffix(".part.npz")
        np.savez(part, *[np.asarray(variable) for variable in self.state])
        if self.history.add(figures):
            np.savez(self.best_weights, *self.averaged.get_weights())
        part.replace(self.checkpoint)
        return figures

    def _batches(
        self, parts: list[np.ndarray[Any, Any]], epoch: int
    ) -> Iterator[tuple[Floats, np.ndarray[Any, Any]]]:
        def make(chosen: np.ndarray[Any, Any]) -> Floats:
            return np.stack([self.view(self.films, int(i), epoch) for i in chosen])

        with ThreadPoolExecutor(1) as pool:
            ready = [pool.submit(make, part) for part in parts[:AHEAD]]
            for index, chosen in enumerate(parts):
                images = ready.pop(0).result()
                if index + AHEAD < len(parts):
                    ready.append(pool.submit(make, parts[index + AHEAD]))
                yield images, chosen

    def _take_step(self, images: Any, target: Any, weight: Any) -> Any:
        """Cross-entropy, weighted by film; images (N, size, size, 3), target (N, 3), weight (N,)"""
        with tf.GradientTape() as tape:
            logits = self.net(images, training=True)
            each = keras.losses.categorical_crossentropy(target, logits, from_logits=True)
            loss = tf.reduce_mean(each * weight)
        variables = self.net.trainable_variables
        self.optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        # At most (1 + n) / (10 + n) is kept after n steps: random first values are soon forgotten.
        steps = tf.cast(self.optimiser.iterations, tf.float32)
        keep = tf.minimum(self.recipe.ema_decay, (1 + steps) / (10 + steps))
        for average, current in zip(self.averaged.weights, self.net.weights, strict=True):
            average.assign(keep * average + (1 - keep) * current)
        return loss


def train(trainer: Trainer, resume: bool, log: Callable[[Mapping[str, float], int], None]) -> None:
    """All epochs; `log` is given the figures of each."""
    from tqdm import tqdm

    trainer.run.mkdir(parents=True, exist_ok=True)
    if resume and trainer.checkpoint.exists():
        trainer.restore()
    kept = trainer.run / "teacher.npy"
    if not resume:
        kept.unlink(missing_ok=True)
    targets = soft_targets(trainer.films, trainer.recipe, kept)
    while not trainer.is_done:
        epoch = len(trainer.history.entries)
        title = f"epoch {epoch + 1}/{trainer.recipe.epochs}"
        with tqdm(total=len(trainer.films), desc=title, unit="film", mininterval=5.0) as bar:
            figures = trainer.finish_epoch(trainer.run_epoch(targets, bar.update))
            bar.set_postfix({name: f"{figures[name]:.3g}" for name in ("train", "dev", "rate")})
        log(figures, epoch)
