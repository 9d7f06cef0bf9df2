"""Trains the net on frames that are simulated as it goes, with a checkpoint after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from training.kit.run import History, Tracker, save_checkpoint

from .augment import stretched, vary
from .matching import Score, score
from .network import Candidates, SpotNet
from .settings import Recipe
from .simulate import Simulated, simulate
from .spots import Spot
from .targets import loss, target_maps

DEV_EPOCH = 1_000_000
THRESHOLDS = np.arange(0.1, 0.71, 0.05)
Floats = npt.NDArray[np.float32]


def frame_of(recipe: Recipe, epoch: int, position: int) -> tuple[Floats, list[Spot]]:
    """The net's input (rows, columns) and the truth; the same for the same three numbers."""
    random = np.random.default_rng([recipe.seed, epoch, position])
    made: Simulated = simulate(recipe.side, recipe.side, recipe.conditions, random)
    return stretched(vary(made.pixels, random)), made.spots


def moving_average(decay: float) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Exponential moving average; after n steps at most (1 + n) / (10 + n) of it is kept, so that
    the first, random weights are soon forgotten."""

    def update(average: Tensor, current: Tensor, steps: Tensor) -> Tensor:
        if not average.is_floating_point():
            return current.clone()
        keep = min(decay, (1 + int(steps)) / (10 + int(steps)))
        return average * keep + current * (1 - keep)

    return update


class Training:
    """The state that a checkpoint holds, and the steps that change it."""

    def __init__(self, recipe: Recipe, run: Path, epochs: int) -> None:
        self.recipe, self.run, self.epochs = recipe, run, epochs
        run.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self.net = SpotNet().to(memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.net, avg_fn=moving_average(recipe.ema_decay), use_buffers=True
        )
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.history = History(run / "history.jsonl", "dev_f1", "higher", recipe.patience)
        self.steps = 0

    @property
    def checkpoint(self) -> Path:
        return self.run / "last.pt"

    @property
    def best(self) -> Path:
        return self.run / "best.pt"

    def restore(self) -> None:
        """Go on where the last whole epoch ended."""
        state: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps = state["steps"]
        watched = self.history
        self.history = History.resumed(
            watched.path, watched.watched, watched.direction, watched.patience
        )
        del self.history.entries[state["epochs"] :]

    def run_all(self, tracker: Tracker) -> None:
        """Epochs until the last, or until `patience` of them were no better."""
        while len(self.history.entries) < self.epochs and not self.history.is_stale:
            epoch = len(self.history.entries)
            figures = self.run_epoch(epoch)
            f1, threshold = self.dev_f1()
            figures |= {"dev_f1": f1, "threshold": threshold}
            if self.history.add(figures):
                save_checkpoint({"net": self.average.module.state_dict()}, self.best)
            save_checkpoint(
                {
                    "net": self.net.state_dict(),
                    "average": self.average.state_dict(),
                    "optimiser": self.optimiser.state_dict(),
                    "steps": self.steps,
                    "epochs": len(self.history.entries),
                },
                self.checkpoint,
            )
            tracker.figures(figures, epoch)

    def run_epoch(self, epoch: int) -> dict[str, float]:
        """One pass over frames that no other epoch sees; the mean losses."""
        recipe = self.recipe
        self.net.train()
        sums = np.zeros(3)
        with tqdm(
            total=recipe.frames,
            desc=f"epoch {epoch + 1}/{self.epochs}",
            unit="frame",
            mininterval=5.0,
        ) as bar:
            for start in range(0, recipe.frames, recipe.batch):
                positions = range(start, min(start + recipe.batch, recipe.frames))
                made = [frame_of(recipe, epoch, position) for position in positions]
                target = np.stack([target_maps(s, recipe.side, recipe.side) for _, s in made])
                parts = self.step(stack([x for x, _ in made]), torch.from_numpy(target))
                sums += parts * len(made)
                bar.update(len(made))
                bar.set_postfix(focal=f"{parts[0]:.3f}")
        focal, offset, size = sums / recipe.frames
        rate = self.optimiser.param_groups[0]["lr"]
        return {"focal": focal, "offset": offset, "size": size, "rate": rate}

    def step(self, images: Tensor, target: Tensor) -> npt.NDArray[np.float64]:
        """One batch, forward and back; the three losses."""
        recipe = self.recipe
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate * self.rate_share()
        with torch.autocast("cpu", torch.bfloat16):
            maps = self.net(images)
        focal, offset, size = loss(maps.float(), target)
        total = focal + recipe.offset_weight * offset + recipe.size_weight * size
        self.optimiser.zero_grad()
        torch.autograd.backward(total)
        nn.utils.clip_grad_norm_(self.net.parameters(), recipe.gradient_norm)
        self.optimiser.step()
        self.average.update_parameters(self.net)
        self.steps += 1
        return np.array([float(focal.detach()), float(offset.detach()), float(size.detach())])

    def rate_share(self) -> float:
        """A short rise, then half a cosine down to a hundredth."""
        recipe = self.recipe
        if self.steps < recipe.warm_up_steps:
            return (self.steps + 1) / recipe.warm_up_steps
        every = self.epochs * -(-recipe.frames // recipe.batch)
        return 0.01 + 0.99 * (1 + float(np.cos(np.pi * min(1.0, self.steps / every)))) / 2

    def dev_f1(self) -> tuple[float, float]:
        """The best F1 of the averaged weights on dev frames, and the threshold that gives it.

        A detection counts within one width of the truth.
        """
        recipe = self.recipe
        reader = Candidates(self.average.module, recipe.side, recipe.side).eval()
        totals = {float(threshold): Score() for threshold in THRESHOLDS}
        for position in range(recipe.dev_frames):
            image, spots = frame_of(recipe, DEV_EPOCH, position)
            with torch.no_grad():
                table = reader(stack([image]))[0].numpy().astype(np.float64)
            truth = np.array([(spot.x, spot.y) for spot in spots]).reshape(-1, 2)
            reach = np.array([spot.width for spot in spots])
            for threshold in totals:
                found = table[:2, table[4] >= threshold].T
                totals[threshold] += score(found, truth, reach)
        best = max(totals, key=lambda threshold: totals[threshold].f1)
        return totals[best].f1, best


def stack(images: list[Floats]) -> Tensor:
    """float32 (N, 1, rows, columns)."""
    batch = torch.from_numpy(np.stack(images)[:, None])
    return batch.to(memory_format=torch.channels_last)
