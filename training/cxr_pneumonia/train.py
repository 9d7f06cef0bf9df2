"""Trains one member of the ensemble, with a checkpoint after each epoch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from training.cxr_pneumonia.network import SmallCoAtNet
from training.cxr_pneumonia.settings import Recipe
from training.films.augment import augment
from training.films.data import Film, Floats, hold_out, prepare, training_films
from training.kit.run import save_checkpoint


def focal_loss(logits: Tensor, target: Tensor, weight: Tensor, gamma: float) -> Tensor:
    """Weighted focal loss per label (Lin et al. 2017, arXiv:1708.02002), mean over all.

    For targets between 0 and 1 (mixup) the modulating factor is |target - probability|^gamma.

    logits, target: float32 (N, 3); weight: float32 (3,), of the positive side.
    """
    loss = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    hard = (target - logits.sigmoid()).abs() ** gamma
    return (hard * (1 + (weight - 1) * target) * loss).mean()


def positive_weight(films: Sequence[Film]) -> Tensor:
    """sqrt(negatives / positives) of each label: half-way to balance. float32 (3,)."""
    share = np.mean([film.target for film in films], axis=0)
    return torch.from_numpy(np.sqrt((1 - share) / share).astype(np.float32))


def parameter_groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay on matrices and kernels, none on biases, norms and bias tables."""
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, parameter in net.named_parameters():
        (plain if parameter.ndim < 2 or name.endswith("table") else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}]


def moving_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average of weights and buffers, `decay` reached step by step.

    After n steps at most (1 + n) / (10 + n) of the average is kept, so that the first, random
    values are soon forgotten.
    """

    def update(averages: list[Tensor], currents: list[Tensor], steps: Tensor) -> None:
        keep = min(decay, (1 + int(steps)) / (10 + int(steps)))
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point():
                average.lerp_(current, 1 - keep)
            else:
                average.copy_(current)

    return update


def stack(images: Sequence[Floats]) -> Tensor:
    """float32 (N, 1, s, s) in the memory order that convolutions on a CPU like best."""
    return torch.from_numpy(np.stack(images)).to(memory_format=torch.channels_last)


@torch.no_grad()
def logits_of(net: nn.Module, images: Sequence[Floats]) -> Tensor:
    """float32 (N, 3) of prepared images (1, s, s), in evaluation mode."""
    net.eval()
    parts = []
    for start in range(0, len(images), 32):
        with torch.autocast("cpu", torch.bfloat16):
            parts.append(net(stack(images[start : start + 32])).float())
    return torch.cat(parts)


class Member:
    """One net in training: the state that a checkpoint holds, and the steps that change it."""

    def __init__(self, recipe: Recipe, index: int, folder: Path, run: Path) -> None:
        self.recipe, self.index, self.run = recipe, index, run
        self.seed = recipe.seed + index
        self.films, self.dev = hold_out(
            training_films(folder, recipe.limit), index, recipe.folds, recipe.seed
        )
        self.weight = positive_weight(self.films)
        torch.manual_seed(self.seed)
        self.net = SmallCoAtNet()
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = AveragedModel(
            self.net, use_buffers=True, multi_avg_fn=moving_average(recipe.ema_decay)
        )
        self.optimiser = torch.optim.AdamW(
            parameter_groups(self.net, recipe.weight_decay), lr=recipe.learning_rate
        )
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimiser, factor=recipe.plateau_factor, patience=recipe.plateau_patience
        )
        self.rate = recipe.learning_rate
        self.epoch = 0
        self.best = float("inf")
        self.best_epoch = -1
        self.history: list[dict[str, float]] = []

    @property
    def checkpoint(self) -> Path:
        return self.run / f"member{self.index}.pt"

    @property
    def best_weights(self) -> Path:
        return self.run / f"member{self.index}-best.pt"

    def save(self) -> None:
        save_checkpoint(
            {
                "net": self.net.state_dict(),
                "ema": self.ema.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "plateau": self.plateau.state_dict(),
                "epoch": self.epoch,
                "rate": self.rate,
                "best": self.best,
                "best_epoch": self.best_epoch,
                "history": self.history,
            },
            self.checkpoint,
        )
        lines = "".join(json.dumps(entry) + "\n" for entry in self.history)
        (self.run / f"member{self.index}.jsonl").write_text(lines)

    def restore(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.ema.load_state_dict(state["ema"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.plateau.load_state_dict(state["plateau"])
        self.epoch, self.rate, self.best = state["epoch"], state["rate"], state["best"]
        self.best_epoch, self.history = state["best_epoch"], state["history"]

    def view(self, position: int, epoch: int, films: Sequence[Film], size: int) -> Floats:
        """A random view of one film; the same for the same (seed, epoch, position)."""
        random = np.random.default_rng([self.seed, epoch, position])
        pixels = augment(films[position].pixels, size, self.films, random)
        return prepare(pixels, size, self.recipe.mean, self.recipe.std)

    def dev_views(self, size: int) -> tuple[list[Floats], list[Floats]]:
        """The dev films as they are, and each once augmented: a stand-in for another source."""
        plain = [prepare(film.pixels, size, self.recipe.mean, self.recipe.std) for film in self.dev]
        shifted = [self.view(i, 1_000_000, self.dev, size) for i in range(len(self.dev))]
        return plain, shifted

    def step(self, images: Tensor, target: Tensor, random: np.random.Generator) -> float:
        """One batch, forward and back. images float32 (N, 1, s, s), target float32 (N, 3)."""
        recipe = self.recipe
        if random.random() < recipe.mixup_probability:
            share = float(random.beta(recipe.mixup_alpha, recipe.mixup_alpha))
            order = torch.from_numpy(random.permutation(len(images)))
            images = share * images + (1 - share) * images[order]
            target = share * target + (1 - share) * target[order]
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.net(images)
        loss = focal_loss(logits.float(), target, self.weight, recipe.focal_gamma)
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.net.parameters(), recipe.gradient_norm)
        self.optimiser.step()
        self.ema.update_parameters(self.net)
        return float(loss.detach())

    def set_rate(self, done: float) -> None:
        """The learning rate at the share `done` of this epoch.

        It rises along a line while warming up, falls along one over the last phase (where the
        recipe cools down), and in between is what the plateau scheduler made of it.
        """
        recipe, at = self.recipe, self.epoch + done
        share = 1.0
        if at < recipe.warm_up_epochs:
            share = max(0.01, at / recipe.warm_up_epochs)
        if recipe.cool_down_to is not None and recipe.is_last_phase(self.epoch):
            left = (recipe.epochs - at) / recipe.phases[-1].epochs
            share = recipe.cool_down_to + (1 - recipe.cool_down_to) * left
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * share

    def run_epoch(self, progress: Callable[[int], object]) -> float:
        """One pass over the films; the mean loss."""
        size, batch = self.recipe.size_at(self.epoch), self.recipe.batch
        torch.manual_seed(self.seed * 1000 + self.epoch)
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(len(self.films))
        self.net.train()
        losses = []
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            self.set_rate((start + len(chosen)) / len(order))
            images = stack([self.view(int(i), self.epoch, self.films, size) for i in chosen])
            target = torch.from_numpy(np.stack([self.films[i].target for i in chosen]))
            losses.append(self.step(images, target, random))
            progress(len(chosen))
        return float(np.mean(losses))

    def dev_losses(self) -> dict[str, float]:
        """Cross-entropy on dev, of live and averaged weights, on plain and shifted views."""
        plain, shifted = self.dev_views(self.recipe.size_at(self.epoch))
        target = torch.from_numpy(np.stack([film.target for film in self.dev]))

        def loss(net: nn.Module, views: list[Floats]) -> float:
            return float(
                nn.functional.binary_cross_entropy_with_logits(logits_of(net, views), target)
            )

        return {
            "live_plain": loss(self.net, plain),
            "live_shifted": loss(self.net, shifted),
            "ema_plain": loss(self.ema, plain),
            "ema_shifted": loss(self.ema, shifted),
        }

    def finish_epoch(self, train_loss: float) -> None:
        """Scores the epoch, keeps the best weights of the last phase, lowers the rate."""
        dev = self.dev_losses()
        live = (dev["live_plain"] + dev["live_shifted"]) / 2
        averaged = (dev["ema_plain"] + dev["ema_shifted"]) / 2
        score = min(live, averaged)
        if self.recipe.is_last_phase(self.epoch) and score < self.best:
            self.best, self.best_epoch = score, self.epoch
            better = self.net if live < averaged else self.ema.module
            torch.save(better.state_dict(), self.best_weights)
        self.history.append(
            {
                "epoch": self.epoch,
                "size": self.recipe.size_at(self.epoch),
                "train": train_loss,
                "rate": self.optimiser.param_groups[0]["lr"],
                "score": score,
                **dev,
            }
        )
        cools_down = self.recipe.cool_down_to is not None and self.recipe.is_last_phase(self.epoch)
        if self.recipe.warm_up_epochs <= self.epoch and not cools_down:
            self.plateau.step(dev["live_shifted"])
            self.rate = self.optimiser.param_groups[0]["lr"]
        self.epoch += 1
        self.save()

    def is_done(self) -> bool:
        """All epochs done, or no better dev loss for `stop_patience` epochs."""
        stale = self.best_epoch >= 0 and (
            self.epoch - 1 - self.best_epoch >= self.recipe.stop_patience
        )
        return self.epoch >= self.recipe.epochs or stale


def train_member(recipe: Recipe, index: int, folder: Path, run: Path, resume: bool) -> None:
    """Trains member `index` on one thread; its best weights end up in `run`."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    run.mkdir(parents=True, exist_ok=True)
    member = Member(recipe, index, folder, run)
    if resume and member.checkpoint.exists():
        member.restore()
    while not member.is_done():
        title = f"member {index} epoch {member.epoch + 1}/{recipe.epochs}"
        with tqdm(
            total=len(member.films), desc=title, position=index, unit="film", mininterval=5.0
        ) as bar:
            loss = member.run_epoch(bar.update)
            member.finish_epoch(loss)
            bar.set_postfix(
                {key: f"{member.history[-1][key]:.3g}" for key in ("train", "score", "rate")}
            )
