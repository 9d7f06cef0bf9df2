"""From the films to the bundles `cxr-pneumonia` and `cxr-pneumonia-torch`, in one command."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from training.cxr_pneumonia.bundle import histories_of, write_bundles
from training.cxr_pneumonia.settings import Recipe
from training.cxr_pneumonia.train import train_member
from training.kit.folders import bundle_folder, data_folder, run_folder
from training.kit.memory import MALLOC
from training.kit.options import Options, parse_options
from training.kit.run import tracked


def add_own(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preset",
        choices=("shipped", "classic"),
        default="shipped",
        help="classic: 224 px from the start, AdamW with weight decay 1e-4, learning rate 1e-5 "
        "with ReduceLROnPlateau, at most 50 epochs (default: the settings of the shipped bundle)",
    )
    parser.add_argument("--learning-rate", type=float, help="instead of the preset's")
    parser.add_argument("--weight-decay", type=float, help="instead of the preset's")


def parse(arguments: list[str] | None = None) -> Options:
    options = parse_options(
        "cxr_pneumonia", "cxr-pneumonia", __doc__, Recipe.seed, arguments, add_own
    )
    if options.epochs is not None and options.epochs < 2:
        sys.exit(f"--epochs is {options.epochs}; the recipe needs 2 or more (two image sizes)")
    if options.own.preset == "shipped":
        return options
    if options.out == bundle_folder("cxr-pneumonia"):
        sys.exit(f"--preset {options.own.preset} needs --out, so that it never replaces the bundle")
    if options.run == run_folder("cxr_pneumonia"):
        return replace(options, run=run_folder(f"cxr_pneumonia_{options.own.preset}"))
    return options


def recipe_of(options: Options) -> Recipe:
    """The settings that the command line asks for."""
    recipe = Recipe(seed=options.seed)
    if options.own.preset == "classic":
        recipe = recipe.classic()
    if options.own.learning_rate is not None:
        recipe = replace(recipe, learning_rate=options.own.learning_rate)
    if options.own.weight_decay is not None:
        recipe = replace(recipe, weight_decay=options.own.weight_decay)
    if options.smoke:
        recipe = recipe.smoke()
    return recipe.shortened(options.epochs) if options.epochs else recipe


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
    recipe, folder = recipe_of(options), data_folder("cxr_pneumonia")
    with tracked(options.run, "cxr_pneumonia", asdict(recipe)) as tracker:
        if not options.finish:
            train(recipe, folder, options.run, options.resume)
        for index, history in enumerate(histories_of(recipe, options.run)):
            for epoch, figures in enumerate(history):
                named = {f"member{index}/{name}": value for name, value in figures.items()}
                tracker.figures(named, epoch)
        for bundle in write_bundles(recipe, folder, options.run, options.out):
            tracker.bundle(bundle)


if __name__ == "__main__":
    main()
