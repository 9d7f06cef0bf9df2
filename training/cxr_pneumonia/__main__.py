"""`python -m training.cxr_pneumonia`: from the films to the bundle, in one command."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from dataclasses import replace
from pathlib import Path

from .bundle import write_bundle
from .settings import REPOSITORY, Recipe, data_folder
from .train import train_member

MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_TOP_PAD_": "268435456",
}
"""Keeps glibc from returning freed memory at once: training is 3 to 4 times faster so."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.cxr_pneumonia", description=__doc__)
    parser.add_argument(
        "--out",
        type=Path,
        help="where the bundle is written (default: models/cxr-pneumonia; needed with --smoke)",
    )
    parser.add_argument(
        "--run",
        type=Path,
        help="where checkpoints are kept "
        "(default: training/runs/cxr_pneumonia, or <out>/run with --smoke)",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoints")
    parser.add_argument(
        "--finish",
        action="store_true",
        help="do not train: make the bundle from the checkpoints that are there",
    )
    parser.add_argument("--epochs", type=int, help="epochs of each member, two or more")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="a minute-long run on a few films; the result is of no use",
    )
    options = parser.parse_args(arguments)
    if options.smoke and options.out is None:
        parser.error("--smoke needs --out, so that it never replaces the bundle")
    if options.epochs is not None and options.epochs < 2:
        parser.error(f"--epochs is {options.epochs}; the recipe needs 2 or more (two image sizes)")
    return options


def train(recipe: Recipe, folder: Path, run: Path, resume: bool) -> None:
    """All members at the same time, each in a process with one thread."""
    os.environ.update(MALLOC)
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=train_member, args=(recipe, index, folder, run, resume))
        for index in range(recipe.members)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        sys.exit("a member failed (see above); mend the cause and go on with --resume")


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    recipe = Recipe(seed=options.seed)
    if options.epochs:
        recipe = recipe.shortened(options.epochs)
    if options.smoke:
        recipe = replace(recipe.smoke(), seed=options.seed)
    out = options.out or REPOSITORY / "models" / "cxr-pneumonia"
    run = options.run or (
        out / "run" if options.smoke else REPOSITORY / "training" / "runs" / "cxr_pneumonia"
    )
    folder = data_folder()
    if not (folder / "labels.csv").exists():
        sys.exit(f"no labels.csv in {folder}; set DROPSIGHT_DATA to the folder above cxr_pneumonia")
    if not options.finish:
        train(recipe, folder, run, options.resume)
    write_bundle(recipe, folder, run, out)


if __name__ == "__main__":
    main()
