"""Trains the network, with a checkpoint after each epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from training.kit.run import History, Tracker, save_checkpoint

from .augment import View, random_view
from .data import box_of, hold_out, read_pictures, sampling_weights
from .manifest import manifest_in_training
from .measure import Comparison, ap_of, compare
from .network import PittingNet
from .served import Served
from .serving import finder, prepared
from .settings import Recipe


def pixel_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy, defects counted five times, plus 1 - Dice over the batch.

    logits, target: float32 (N, 1, h, w), target in [0, 1].
    """
    entropy = nn.functional.binary_cross_entropy_with_logits(
        logits, target, pos_weight=torch.tensor(5.0, device=logits.device)
    )
    chance = logits.sigmoid()
    dice = (2 * (chance * target).sum() + 1) / (chance.sum() + target.sum() + 1)
    return entropy + 1 - dice


def batch_of(
    views: Sequence[View], recipe: Recipe, device: torch.device
) -> tuple[Tensor, list[dict[str, Tensor]], Tensor]:
    """Images (N, 3, s, s), targets as `PittingNet.losses` takes them, pixels (N, 1, s/2, s/2)."""
    stacked = torch.from_numpy(np.stack([view.pixels for view in views])).to(device)
    images = (stacked.permute(0, 3, 1, 2).float() / 255 - recipe.mean) / recipe.std
    size = (recipe.crop, recipe.crop)
    targets = []
    for view in views:
        masks = np.array(view.masks, np.uint8).reshape(-1, *size)
        boxes = np.array([box_of(mask) for mask in view.masks], np.float32).reshape(-1, 4)
        targets.append(
            {
                "boxes": torch.from_numpy(boxes).to(device),
                "labels": torch.ones(len(boxes), dtype=torch.int64, device=device),
                "masks": torch.from_numpy(masks).to(device),
            }
        )
    union = [target["masks"].amax(dim=0) if len(target["masks"]) else None for target in targets]
    empty = torch.zeros(size, dtype=torch.uint8, device=device)
    whole = torch.stack([empty if one is None else one for one in union])[:, None].float()
    return (
        images.contiguous(memory_format=torch.channels_last),
        targets,
        nn.functional.avg_pool2d(whole, 2),
    )


def parameter_groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay on matrices and kernels, none on biases and norms."""
    parameters = list(net.parameters())
    return [
        {"params": [one for one in parameters if one.ndim > 1], "weight_decay": decay},
        {"params": [one for one in parameters if one.ndim < 2], "weight_decay": 0.0},
    ]


class Training:
    """The state that a checkpoint holds, and the steps that change it."""

    def __init__(self, recipe: Recipe, folder: Path, run: Path) -> None:
        self.recipe, self.run = recipe, run
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        pictures = read_pictures(folder, "train", recipe.limit)
        self.pictures, self.dev = hold_out(pictures, recipe.folds, recipe.seed)
        self.chances = sampling_weights(self.pictures)
        self.dev_weights = sampling_weights(self.dev).tolist()
        self.manifest = manifest_in_training(recipe)
        self.dev_frames = prepared(self.dev, self.manifest)
        torch.manual_seed(recipe.seed)
        self.net = PittingNet(recipe.detections, recipe.minimum_score, recipe.iou).to(self.device)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = AveragedModel(self.net, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay))
        self.optimiser = torch.optim.AdamW(
            parameter_groups(self.net, recipe.weight_decay), lr=recipe.learning_rate
        )
        self.history = self._history(resume=False)

    @property
    def checkpoint(self) -> Path:
        return self.run / "last.pt"

    @property
    def best_weights(self) -> Path:
        return self.run / "best.pt"

    def _history(self, resume: bool) -> History:
        path = self.run / "history.jsonl"
        if resume:
            return History.resumed(path, "dev", "higher", self.recipe.patience)
        return History(path, "dev", "higher", self.recipe.patience)

    def restore(self) -> None:
        """Go on from the last whole epoch, if there is one."""
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.ema.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.history = self._history(resume=True)
        del self.history.entries[state["epoch"] :]  # of an epoch whose checkpoint was not written

    @property
    def epoch(self) -> int:
        """The one that comes next, from 0."""
        return len(self.history.entries)

    @property
    def is_done(self) -> bool:
        """All epochs done, or no better dev score for a while."""
        stale = self.epoch > self.recipe.warm_up_epochs and self.history.is_stale
        return self.epoch >= self.recipe.epochs or stale

    def set_rate(self, step: int) -> float:
        """The learning rate of a step, counted from the start of training."""
        recipe = self.recipe
        share = min(step / (recipe.epochs * recipe.steps), 1.0)
        fall = recipe.last_rate + (1 - recipe.last_rate) * 0.5 * (1 + math.cos(math.pi * share))
        rate = recipe.learning_rate * min(1.0, (step + 1) / recipe.first_steps) * fall
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        return rate

    def views(self, step: int) -> list[View]:
        """The same for the same seed, epoch and step."""
        random = np.random.default_rng([self.recipe.seed, self.epoch, step])
        chosen = random.choice(len(self.pictures), self.recipe.batch, p=self.chances)
        return [random_view(self.pictures[i], self.pictures, self.recipe, random) for i in chosen]

    def step(self, number: int) -> dict[str, float]:
        """One batch, forward and back; its losses by name."""
        recipe = self.recipe
        images, targets, whole = batch_of(self.views(number), recipe, self.device)
        warming = self.epoch < recipe.warm_up_epochs
        with torch.autocast(self.device.type, torch.bfloat16):
            if warming:
                losses, logits = {}, self.net.pixels(images)
            else:
                losses, logits = self.net.losses(images, targets)
        pixels = pixel_loss(logits, whole)
        total = (1.0 if warming else recipe.semantic_weight) * pixels
        total = total + sum(losses.values(), start=torch.zeros((), device=self.device))
        self.optimiser.zero_grad()
        torch.autograd.backward(total)
        nn.utils.clip_grad_norm_(self.net.parameters(), recipe.gradient_norm)
        self.optimiser.step()
        self.ema.update_parameters(self.net)
        found = {name.removeprefix("loss_"): float(one.detach()) for name, one in losses.items()}
        return {**found, "pixels": float(pixels.detach()), "total": float(total.detach())}

    def compare_dev(self, net: PittingNet) -> list[Comparison]:
        """Findings in the dev pictures as a client would get them, against the truth."""
        net.eval()
        find = finder(Served(net), self.manifest, self.device)
        return [
            compare(picture, find(frame))
            for picture, frame in zip(self.dev, self.dev_frames, strict=True)
        ]

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch, score it, keep the best weights, write the checkpoint."""
        recipe, epoch = self.recipe, self.epoch
        torch.manual_seed(recipe.seed * 1000 + epoch)
        self.net.train()
        sums: dict[str, float] = {}
        rate = 0.0
        title = f"epoch {epoch + 1}/{recipe.epochs}"
        with tqdm(range(recipe.steps), desc=title, unit="batch", mininterval=5.0) as bar:
            for step in bar:
                rate = self.set_rate(epoch * recipe.steps + step)
                for name, value in self.step(step).items():
                    sums[name] = sums.get(name, 0.0) + value / recipe.steps
        figures = {**sums, "rate": rate, "dev box AP": 0.0, "dev mask AP": 0.0, "dev": 0.0}
        if epoch >= recipe.warm_up_epochs:
            compared = self.compare_dev(self.ema.module)
            figures["dev box AP"] = ap_of(compared, "box", self.dev_weights)
            figures["dev mask AP"] = ap_of(compared, "mask", self.dev_weights)
            figures["dev"] = (figures["dev box AP"] + figures["dev mask AP"]) / 2
        if self.history.add(figures):
            save_checkpoint(self.ema.module.state_dict(), self.best_weights)
        state = {
            "net": self.net.state_dict(),
            "ema": self.ema.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
        }
        save_checkpoint(state, self.checkpoint)
        return figures


def train(training: Training, tracker: Tracker, threads: int | None) -> None:
    """All epochs that are left."""
    if threads is not None:
        torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    while not training.is_done:
        epoch = training.epoch
        figures = training.run_epoch()
        tracker.figures(figures, epoch)
        print(", ".join(f"{name} {value:.3g}" for name, value in figures.items()), flush=True)
