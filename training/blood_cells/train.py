"""Trains the detector; a checkpoint after each epoch, the best averaged weights by dev."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from training.kit.run import History, Tracker, save_checkpoint

from .augment import platelet_patches, view
from .averaging import Averaged
from .data import Sample
from .geometry import Floats
from .loss import losses
from .network import Detector, anchors
from .scoring import score, stack
from .settings import Recipe
from .unlabelled import marked, unlabelled

PADDING = -1_000_000
"""A label that is none: fills up the rows of pictures with fewer boxes."""


class Training:
    """The net in training: the state that a checkpoint holds, and the steps that change it."""

    def __init__(self, recipe: Recipe, train: Sequence[Sample], dev: Sequence[Sample], run: Path):
        self.recipe, self.dev, self.run = recipe, dev, run
        self.labelled = train
        self.marks: list[Floats] = []
        self.patches = platelet_patches(train)
        torch.manual_seed(recipe.seed)
        self.net = Detector().to(memory_format=torch.channels_last)
        self.ema = Averaged(self.net, recipe.ema_decay)
        self.weights = list(self.net.parameters())
        decayed = [p for p in self.weights if p.ndim > 1]
        plain = [p for p in self.weights if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": recipe.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=recipe.learning_rate,
            fused=True,
        )
        self.epoch = 0
        self.history = self._history()

    @property
    def checkpoint(self) -> Path:
        return self.run / "last.pt"

    @property
    def best_weights(self) -> Path:
        return self.run / "best.pt"

    def _history(self, resumed: bool = False) -> History:
        path, patience = self.run / "history.jsonl", self.recipe.patience
        begin = History.resumed if resumed else History
        return begin(path, "map", "higher", patience)

    def save(self) -> None:
        save_checkpoint(
            {
                "net": self.net.state_dict(),
                "ema": self.ema.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "epoch": self.epoch,
                "marks": [torch.from_numpy(boxes) for boxes in self.marks],
            },
            self.checkpoint,
        )

    def restore(self) -> None:
        """Go on from the last whole epoch; without a checkpoint, from the beginning."""
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.ema.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch = state["epoch"]
        self.marks = [boxes.numpy() for boxes in state["marks"]]
        self.history = self._history(resumed=True)
        # Where the run was cut off between the two files, the epoch is done again.
        del self.history.entries[self.epoch :]

    @property
    def train(self) -> Sequence[Sample]:
        """The pictures, with marks where the phase wants them."""
        if not self.marks:
            return self.labelled
        return [marked(*pair) for pair in zip(self.labelled, self.marks, strict=True)]

    def batch(
        self, train: Sequence[Sample], chosen: Sequence[tuple[int, int]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Images (N, 3, h, w), boxes (N, m, 4) and labels (N, m) of random views.

        A view is the same for the same seed, epoch, and `chosen` pair of pass and position.
        """
        phase = self.recipe.phase_at(self.epoch)
        views = []
        for turn, position in chosen:
            random = np.random.default_rng([self.recipe.seed, self.epoch, turn, position])
            views.append(view(train, position, self.patches, phase.mosaic, random))
        scale = phase.width / self.recipe.width
        most = max(1, *(len(one.labels) for one in views))
        boxes, labels = torch.zeros(len(views), most, 4), torch.full((len(views), most), PADDING)
        for row, one in enumerate(views):
            boxes[row, : len(one.labels)] = torch.from_numpy(one.boxes * scale)
            labels[row, : len(one.labels)] = torch.from_numpy(one.labels)
        pictures = [one.pixels for one in views]
        if scale != 1:
            size = (phase.width, phase.height)
            pictures = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in pictures]
        return stack(pictures, self.recipe), boxes, labels

    def run_epoch(self, bar: tqdm) -> dict[str, float]:
        """One pass over the pictures; means of the losses."""
        recipe, phase = self.recipe, self.recipe.phase_at(self.epoch)
        grid = anchors(phase.width, phase.height)
        train = self.train
        random = np.random.default_rng([recipe.seed, self.epoch])
        order = [
            (turn, int(position))
            for turn in range(recipe.passes)
            for position in random.permutation(len(train))
        ]
        # The last batch is left out where it is short: its batch statistics would be poor.
        starts = range(0, max(1, len(order) - recipe.batch + 1), recipe.batch)
        self.net.train()
        sums = np.zeros(3)
        for step, start in enumerate(starts):
            for group in self.optimiser.param_groups:
                group["lr"] = recipe.rate_at(self.epoch + step / len(starts))
            images, boxes, labels = self.batch(train, order[start : start + recipe.batch])
            with torch.autocast("cpu", torch.bfloat16):
                logits, sides = self.net(images)
            found = losses(logits.float(), sides.float(), grid, boxes, labels, recipe)
            self.optimiser.zero_grad()
            torch.autograd.backward(found.total)
            nn.utils.clip_grad_norm_(self.weights, recipe.gradient_norm)
            self.optimiser.step()
            self.ema.update()
            sums += [float(part.detach()) for part in (found.labels, found.boxes, found.sides)]
            bar.update()
        names = ("loss_labels", "loss_boxes", "loss_sides")
        return dict(zip(names, (sums / len(starts)).tolist(), strict=True))

    @property
    def is_done(self) -> bool:
        return self.epoch >= self.recipe.epochs or self.history.is_stale

    def begin_epoch(self) -> None:
        """Looks for cells that the annotators left out, where a phase begins that spares them."""
        if self.recipe.begins(self.epoch):
            spares = self.recipe.phase_at(self.epoch).spare_unlabelled
            net, labelled = self.ema.module, self.labelled
            self.marks = unlabelled(net, labelled, self.recipe) if spares else []

    def finish_epoch(self, figures: dict[str, float], tracker: Tracker) -> None:
        """Scores the averaged net, and keeps it where it is the best so far."""
        self.epoch += 1
        figures = {
            **figures,
            "rate": self.optimiser.param_groups[0]["lr"],
            "spared": float(sum(len(boxes) for boxes in self.marks)),
            **score(self.ema.module, self.dev, self.recipe),
        }
        if self.history.add(figures):
            save_checkpoint(self.ema.module.state_dict(), self.best_weights)
        tracker.figures(figures, self.epoch)
        self.save()


def train(training: Training, tracker: Tracker) -> None:
    """To the end, or until dev says that it is enough."""
    recipe = training.recipe
    steps = max(1, len(training.labelled) * recipe.passes // recipe.batch)
    total = recipe.epochs * steps
    with tqdm(total=total, initial=training.epoch * steps, unit="batch", mininterval=5.0) as bar:
        while not training.is_done:
            training.begin_epoch()
            bar.set_description(f"epoch {training.epoch + 1}/{recipe.epochs}")
            figures = training.run_epoch(bar)
            training.finish_epoch(figures, tracker)
            bar.set_postfix(dev=f"{training.history.entries[-1]['map50']:.3f}")
