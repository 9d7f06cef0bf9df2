"""`python -m training.bright_spots`: from nothing but a seed to the bundle, in one command."""

from __future__ import annotations

from dataclasses import replace

from training.kit.memory import keep_freed_memory
from training.kit.options import parse_options

from .settings import NAME, Recipe


def main() -> None:
    options = parse_options("bright_spots", NAME, __doc__, Recipe.seed)
    import torch

    from training.kit.run import tracked

    from .bundle import write_bundle
    from .train import Training

    torch.set_num_threads(options.threads or 1)
    recipe = replace(Recipe(), seed=options.seed)
    if options.smoke:
        recipe = recipe.smoke()
    training = Training(recipe, options.run, options.epochs or recipe.epochs)
    with tracked(options.run, "bright_spots", vars(recipe)) as tracker:
        if (options.resume or options.finish) and training.checkpoint.exists():
            training.restore()
        if not options.finish:
            training.run_all(tracker)
        write_bundle(recipe, options.run, options.out, training.history, options.smoke)
        tracker.bundle(options.out)


if __name__ == "__main__":
    keep_freed_memory()
    main()
