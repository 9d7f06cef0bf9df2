"""The command line that all recipes share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from training.kit.folders import bundle_folder, run_folder


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    out: Path
    """Where the bundle is written."""
    run: Path
    """Where checkpoints and the history are kept."""
    seed: int
    resume: bool
    """Go on from the last checkpoint."""
    finish: bool
    """Do not train: make the bundle from the best checkpoint."""
    smoke: bool
    """A minute-long run on little data through every line; the result is of no use."""
    epochs: int | None
    """Instead of the recipe's own number."""
    threads: int | None
    """CPU threads instead of one for each core."""
    own: argparse.Namespace = field(default_factory=argparse.Namespace)
    """What the recipe's own options are set to (`add_own`)."""


def parse_options(
    recipe: str,
    model: str,
    description: str | None,
    seed: int,
    arguments: list[str] | None = None,
    add_own: Callable[[argparse.ArgumentParser], object] | None = None,
) -> Options:
    """Read the command line of `python -m training.<recipe>`, which writes `models/<model>`.

    `add_own` adds options that only this recipe has.
    """
    parser = argparse.ArgumentParser(prog=f"python -m training.{recipe}", description=description)
    parser.add_argument("--out", type=Path, help=f"where the bundle goes (default: models/{model})")
    parser.add_argument("--run", type=Path, help=f"checkpoints (default: training/runs/{recipe})")
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--finish", action="store_true", help="do not train, only make the bundle")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's own number")
    parser.add_argument("--threads", type=int, help="CPU threads (default: one for each core)")
    parser.add_argument("--smoke", action="store_true", help="a minute-long run that learns little")
    if add_own is not None:
        add_own(parser)
    given = parser.parse_args(arguments)
    if given.smoke and given.out is None:
        parser.error("--smoke needs --out, so that it never replaces the bundle")
    if given.epochs is not None and given.epochs < 1:
        parser.error(f"--epochs is {given.epochs}; legal is 1 or more")
    out = given.out or bundle_folder(model)
    return Options(
        out=out,
        run=given.run or (out / "run" if given.smoke else run_folder(recipe)),
        seed=given.seed,
        resume=given.resume,
        finish=given.finish,
        smoke=given.smoke,
        epochs=given.epochs,
        threads=given.threads,
        own=given,
    )
