"""From the films to the bundle `cxr-keras-lime`, in one command."""

from __future__ import annotations

import os
from dataclasses import asdict, replace

from training.cxr_keras_lime.settings import Recipe
from training.kit.folders import data_folder
from training.kit.memory import keep_freed_memory
from training.kit.options import parse_options
from training.kit.run import tracked

RECIPE, MODEL = "cxr_keras_lime", "cxr-keras-lime"


def main(arguments: list[str] | None = None) -> None:
    options = parse_options(RECIPE, MODEL, __doc__, Recipe.seed, arguments)
    keep_freed_memory()
    recipe = replace(Recipe(), seed=options.seed)
    recipe = recipe.smoke() if options.smoke else recipe
    recipe = replace(recipe, epochs=options.epochs or recipe.epochs)
    folder = data_folder("cxr_pneumonia")

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its greetings, before it is imported
    from dropsight_inference.runtimes import import_runtime

    import_runtime("tensorflow")  # in the order in which torch's triton bears its company
    import tensorflow as tf

    from training.cxr_keras_lime.bundle import write_bundle
    from training.cxr_keras_lime.train import Trainer, train

    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    with tracked(options.run, RECIPE, asdict(recipe)) as tracker:
        if not options.finish:
            train(Trainer(recipe, folder, options.run), options.resume, tracker.figures)
        write_bundle(recipe, folder, options.run, options.out)
        tracker.bundle(options.out)


if __name__ == "__main__":
    main()
