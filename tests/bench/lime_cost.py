"""What LIME costs beside the bare forward passes of its samples.

    .venv/bin/python -m tests.bench.lime_cost

Ours (257 and 1,025 masks, without the fidelity curves) and the `lime` package (1,000 samples), each
over the forward pass of as many images in batches of the same size, measured side by side on
onnxruntime. A ratio of 1 would be an explanation that costs nothing but its forward passes.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
from lime.lime_image import LimeImageExplainer

from dropsight_inference.bundle import Model, load_model
from dropsight_inference.explainers.lime import LimeParameters, weigh_superpixels
from dropsight_inference.explainers.subject import Subject
from dropsight_inference.explainers.values import LabelQuestion
from dropsight_inference.runtimes import Batch, Outputs
from tests.bench.small_network import SIDE, film, write_small_bundle
from tests.bench.table import print_table

BATCH = 8
ROUNDS = 3


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of ROUNDS."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def bare(model: Model, count: int) -> float:
    batch = np.random.default_rng(0).random((BATCH, 1, SIDE, SIDE), np.float32)

    def work() -> None:
        for _ in range(0, count, BATCH):
            model.runtime.forward(batch)

    return best(work)


def ours(model: Model, samples: int) -> float:
    def submit(batch: Batch) -> Future[Outputs]:
        future: Future[Outputs] = Future()
        future.set_result(model.runtime.forward(batch))
        return future

    subject = Subject(
        manifest=model.manifest,
        question=LabelQuestion(model.manifest, [0, 1, 2]),
        layout=model.layout,
        pixels=film()[..., None],
        content_box=(0, 0, SIDE, SIDE),
        submit=submit,
        chunk=BATCH,
    )
    return best(lambda: weigh_superpixels(subject, LimeParameters(samples=samples)))


def package(model: Model, samples: int) -> float:
    image = np.repeat(film()[..., None], 3, axis=2)

    def classify(images: Any) -> Any:
        grey = np.asarray(images)[..., 0].astype(np.float32)
        inputs = ((grey[:, None] / 255 - 0.5) / 0.25).astype(np.float32)
        logits = model.runtime.forward(inputs).logits
        return 1 / (1 + np.exp(-logits))

    explainer = LimeImageExplainer(random_state=0)
    return best(
        lambda: explainer.explain_instance(
            image,
            classify,
            labels=(0, 1, 2),
            num_samples=samples,
            batch_size=BATCH,
        )
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = load_model(write_small_bundle(Path(folder) / "small"))
        bare(model, 64)
        rows = []
        for name, explain, samples in (
            ("dropsight, 257 Sobol masks", ours, 257),
            ("dropsight, 1,025 Sobol masks", ours, 1025),
            ("lime package, 1,000 random masks", package, 1000),
        ):
            floor = bare(model, samples)
            spent = explain(model, samples)
            rows.append([name, f"{spent:.2f}", f"{floor:.2f}", f"{spent / floor:.2f}"])
        print_table(["LIME of three labels", "seconds", "bare forward, seconds", "ratio"], rows)


if __name__ == "__main__":
    main()
