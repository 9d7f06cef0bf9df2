"""What the net is taught: the label of each film, and what the shipped bundle says of it.

Bacterial and viral come from file names and overlap on the films, so a probability from another
net is worth more than a second look at a hard label (distillation, arXiv:1503.02531). The teacher
is `models/cxr-pneumonia`; it learnt from the same training films.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dropsight.domain.manifests import load_manifest
from training.cxr_keras_lime.settings import Recipe
from training.films.data import KINDS, Film, Floats, prepare
from training.kit.folders import bundle_folder

TEACHER = "cxr-pneumonia"


def hard_targets(films: Sequence[Film]) -> Floats:
    """float32 (N, 3) of 0 and 1, in KINDS order."""
    return np.array([[film.kind == kind for kind in KINDS] for film in films], np.float32)


def three_classes(pneumonia: Floats, bacterial: Floats, viral: Floats) -> Floats:
    """From three independent probabilities (N,) to (N, 3) that add up to 1, in KINDS order.

    Pneumonia is shared out in the ratio of bacterial to viral.
    """
    either = np.maximum(bacterial + viral, 1e-6)
    return np.stack(
        [1 - pneumonia, pneumonia * bacterial / either, pneumonia * viral / either], axis=1
    ).astype(np.float32)


def teacher_targets(films: Sequence[Film]) -> Floats:
    """float32 (N, 3): the teacher's calibrated probabilities."""
    import onnxruntime

    folder = bundle_folder(TEACHER)
    manifest = load_manifest(folder)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        (folder / manifest.artifact.path).read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    spec = manifest.input
    logits = []
    for start in range(0, len(films), 16):
        chosen = films[start : start + 16]
        batch = [prepare(film.pixels, spec.width, spec.mean[0], spec.std[0]) for film in chosen]
        logits.append(session.run([manifest.outputs.logits], {"image": np.stack(batch)})[0])
    chance = 1 / (1 + np.exp(-np.concatenate(logits) / manifest.calibration.temperature))
    return three_classes(*chance.T)


def soft_targets(films: Sequence[Film], recipe: Recipe, kept: Path) -> Floats:
    """float32 (N, 3): the smoothed label and the teacher's word, in the recipe's shares.

    The teacher is asked once; its answers are in the file `kept` from then on.
    """
    if not kept.exists():
        np.save(kept, teacher_targets(films))
    hard = hard_targets(films) * (1 - recipe.smoothing) + recipe.smoothing / len(KINDS)
    share = recipe.teacher_share
    return ((1 - share) * hard + share * np.load(kept)).astype(np.float32)


def class_weights(films: Sequence[Film]) -> Floats:
    """float32 (3,), mean 1 over the films: each class counts the same in the loss.

    So the net's probabilities are those of a population with equal shares of the classes.
    """
    count = hard_targets(films).sum(0)
    return (len(films) / (len(KINDS) * np.maximum(count, 1))).astype(np.float32)
