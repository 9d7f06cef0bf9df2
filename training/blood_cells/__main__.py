"""`python -m training.blood_cells`: from the pictures to the bundle, in one command."""

from __future__ import annotations

import sys
from dataclasses import asdict

from training.kit.folders import data_folder
from training.kit.memory import keep_freed_memory
from training.kit.options import parse_options
from training.kit.run import tracked

from .settings import Recipe, smoke, with_epochs


def main() -> None:
    options = parse_options("blood_cells", "blood-cells", __doc__, Recipe.seed)
    folder = data_folder("bccd_cells")
    keep_freed_memory()

    # Slow imports, and a restart above that should not pay for them twice.
    import cv2
    import torch

    from .bundle import write_bundle
    from .data import hold_out, read_sample, read_truth
    from .train import Training, train

    if options.threads is not None:
        torch.set_num_threads(options.threads)
        cv2.setNumThreads(options.threads)
    recipe = Recipe(seed=options.seed)
    if options.smoke:
        recipe = smoke(recipe)
    if options.epochs is not None:
        recipe = with_epochs(recipe, options.epochs)
    options.run.mkdir(parents=True, exist_ok=True)
    rest, dev = hold_out(read_truth(folder, "train", recipe.limit), recipe.dev, recipe.seed)
    with tracked(options.run, "blood_cells", asdict(recipe)) as tracker:
        training = Training(
            recipe,
            [read_sample(truth, recipe) for truth in rest],
            [read_sample(truth, recipe) for truth in dev],
            options.run,
        )
        if options.resume or options.finish:
            training.restore()
        if not options.finish:
            train(training, tracker)
        elif not training.best_weights.exists():
            sys.exit(f"found no {training.best_weights}; train before --finish")
        splits = {"train": rest, "dev": dev, "val": read_truth(folder, "val", recipe.limit)}
        report = write_bundle(
            recipe, training.best_weights, training.history.entries, splits, options.out
        )
        tracker.bundle(options.out)
    for label, score in report.labels.items():
        print(f"{label:10} AP@0.5 {score.ap50:.3f}  AP@0.5:0.95 {score.ap:.3f}")
    print(f"{'mean':10} AP@0.5 {report.map50:.3f}  AP@0.5:0.95 {report.map:.3f}")


main()
