"""`python -m training.steel_pitting`: from the pictures to the bundle, in one command."""

from __future__ import annotations

from dataclasses import asdict, replace

from training.kit.folders import data_folder
from training.kit.memory import keep_freed_memory
from training.kit.options import parse_options
from training.kit.run import tracked

from .settings import DATA, MODEL, Recipe


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, train, write the bundle."""
    options = parse_options("steel_pitting", MODEL, __doc__, Recipe.seed, arguments)
    recipe = replace(Recipe(), seed=options.seed)
    if options.smoke:
        recipe = recipe.smoke()
    if options.epochs is not None:
        recipe = recipe.shortened(options.epochs)
    folder = data_folder(DATA)
    # After the command line, so that a mistake there is told at once.
    from .bundle import write_bundle
    from .train import Training, train

    with tracked(options.run, "steel_pitting", asdict(recipe)) as tracker:
        training = Training(recipe, folder, options.run)
        if options.resume or options.finish:
            training.restore()
        if not options.finish:
            train(training, tracker, options.threads)
        write_bundle(training, folder, options.out)
        tracker.bundle(options.out)


if __name__ == "__main__":
    keep_freed_memory()
    main()
