"""One training run: its history, checkpoints, early stopping, and its record in MLflow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

EXPERIMENT = "dropsight"


class History:
    """Figures by epoch, kept as one JSON line each, and what they say about stopping.

    `watched` is the figure that decides which epoch is best; `direction` says which way is better.
    """

    def __init__(
        self,
        path: Path,
        watched: str,
        direction: Literal["higher", "lower"],
        patience: int,
        entries: list[dict[str, float]] | None = None,
    ) -> None:
        self.path, self.watched, self.direction, self.patience = path, watched, direction, patience
        self.entries = entries or []

    @classmethod
    def resumed(
        cls, path: Path, watched: str, direction: Literal["higher", "lower"], patience: int
    ) -> History:
        """The history that `path` holds, or an empty one."""
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return cls(path, watched, direction, patience, [json.loads(x) for x in text.splitlines()])

    @property
    def best_epoch(self) -> int:
        """Index of the best entry so far, the first of equals; -1 where there is none."""
        sign = 1 if self.direction == "higher" else -1
        scored = [(sign * entry[self.watched], -i) for i, entry in enumerate(self.entries)]
        return -max(scored)[1] if scored else -1

    def add(self, figures: Mapping[str, float]) -> bool:
        """Append one epoch and write it out; True if it is the best so far."""
        self.entries.append({key: float(value) for key, value in figures.items()})
        lines = "".join(json.dumps(entry) + "\n" for entry in self.entries)
        part = self.path.with_suffix(".part")
        part.write_text(lines, encoding="utf-8")
        part.replace(self.path)
        return self.best_epoch == len(self.entries) - 1

    @property
    def is_stale(self) -> bool:
        """No better epoch for `patience` epochs."""
        return len(self.entries) - 1 - self.best_epoch >= self.patience if self.entries else False


def save_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """`torch.save` that a kill cannot leave half done."""
    import torch

    part = path.with_suffix(".part")
    torch.save(dict(state), part)
    part.replace(path)


class Tracker:
    """What a recipe logs to MLflow; see `tracked`."""

    def __init__(self, mlflow: Any) -> None:
        self._mlflow = mlflow

    def figures(self, figures: Mapping[str, float], epoch: int) -> None:
        """The figures of one epoch."""
        self._mlflow.log_metrics({key: float(value) for key, value in figures.items()}, step=epoch)

    def bundle(self, folder: Path) -> None:
        """All files of the finished bundle (not of folders within it), under `bundle`."""
        for path in sorted(folder.iterdir()):
            if path.is_file():
                self._mlflow.log_artifact(str(path), "bundle")


@contextmanager
def tracked(run: Path, recipe: str, parameters: Mapping[str, Any]) -> Iterator[Tracker]:
    """An MLflow run around a training run; the same one goes on after `--resume`.

    It is written to `MLFLOW_TRACKING_URI`; by default to `mlflow.db`, with its artifacts, in the
    folder above `run`, so that all recipes are listed together:
    `mlflow ui --backend-store-uri sqlite:///training/runs/mlflow.db`.
    """
    import mlflow

    run.mkdir(parents=True, exist_ok=True)
    store = run.parent.resolve()
    if "MLFLOW_TRACKING_URI" not in os.environ:
        mlflow.set_tracking_uri(f"sqlite:///{store / 'mlflow.db'}")
        if mlflow.get_experiment_by_name(EXPERIMENT) is None:
            mlflow.create_experiment(EXPERIMENT, (store / "mlartifacts").as_uri())
    mlflow.set_experiment(EXPERIMENT)
    mark = run / "mlflow-run-id"
    known = mark.read_text() if mark.exists() else None
    with mlflow.start_run(run_id=known, run_name=None if known else recipe) as active:
        if known is None:
            mark.write_text(active.info.run_id)
            mlflow.log_params({key: str(value)[:500] for key, value in parameters.items()})
        yield Tracker(mlflow)
