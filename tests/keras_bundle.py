"""Keras bundles whose networks can be worked out on paper."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dropsight.adapters.artifacts.digests import folder_digest
from tests.toy_bundle import write_toy_bundle

BLOCKS = np.stack([np.ones((2, 2, 1)), -np.ones((2, 2, 1))], axis=-1)
HEAD = np.array([[3.0, -1.0], [1.0, 2.0]])


def corners(activation: str | None = None, *, nested: bool = False) -> keras.Model:
    """4 x 4 image -> two maps of 2 x 2: the sum of each 2 x 2 block, and its negative -> ReLU
    -> mean -> two logits: (3 mean_0 + mean_1, -mean_0 + 2 mean_1)."""
    body = [
        keras.layers.Conv2D(2, 2, strides=2, use_bias=False, name="blocks"),
        keras.layers.ReLU(name="relu"),
    ]
    if nested:
        body = [keras.Sequential([keras.Input((4, 4, 1)), *body], name="body")]
    head = keras.layers.Dense(2, use_bias=False, activation=activation, name="head")
    pool = keras.layers.GlobalAveragePooling2D(name="pool")
    model = keras.Sequential([keras.Input((4, 4, 1)), *body, pool, head])
    model.set_weights([BLOCKS, HEAD])
    return model


def write_keras_bundle(
    folder: Path, model: keras.Model, path: str = "model.keras", **changes: Any
) -> Path:
    """A bundle for 4 x 4 grey images and the labels one and two; `changes` are of model.yaml.

    A `path` without an ending is the folder of a SavedModel.
    """
    folder.mkdir(parents=True)
    artifact = folder / path
    if artifact.suffix:
        model.save(artifact)
        digest = hashlib.sha256(artifact.read_bytes()).hexdigest()
    else:
        model.export(artifact, verbose=False)
        digest = folder_digest(artifact)
    return write_toy_bundle(
        folder,
        np.zeros((2, 4, 4), np.float32),
        layout="NHWC",
        changes={
            "runtime": "tensorflow",
            "artifact": {"path": path, "sha256": digest},
            "outputs": {},
            "explanations": [],
            **changes,
        },
    )
