"""Scores the finished bundle as served: the pipeline's preparation, the container's runtime."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import open_upload, prepare
from dropsight_inference.bundle import Model, load_model
from dropsight_inference.tasks.classification import probabilities
from training.cxr_keras_lime.targets import hard_targets
from training.films.data import KINDS, Film, Floats, Pixels
from training.films.scores import auc_interval, expected_calibration_error, patient_interval
from training.films.shifts import MARGINS_ALONE, SHIFTS, sharpness

POLICY = ImagingPolicy(b"a key for public films")
BATCH = 16
Interval = tuple[float, float]


@dataclass(frozen=True)
class ClassScore:
    """One class against the other two."""

    auc: float
    interval: Interval
    ece: float
    threshold: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class ShiftScore:
    accuracy: float
    balanced: float
    aucs: tuple[float, ...]
    """In KINDS order; normal against the rest is pneumonia's AUC."""


@dataclass(frozen=True)
class Report:
    """Everything the model card says in numbers. Intervals: 95 %, bootstrap over patients."""

    films: int
    patients: int
    accuracy: float
    accuracy_interval: Interval
    balanced: float
    balanced_interval: Interval
    confusion: npt.NDArray[np.int64]
    """(true, called), in KINDS order."""
    ece: float
    """Of the most probable class."""
    classes: dict[str, ClassScore]
    shifts: dict[str, ShiftScore]
    margins_alone: float
    """AUC of pneumonia with the middle of each film filled in."""
    sharpness_alone: float
    """AUC of pneumonia by sharpness, no model at all."""
    full_size_gap: float
    """Largest difference of a probability between a full-size original and its squashed copy."""
    milliseconds: dict[int, float]
    """Per film, by batch size."""
    probability: Floats
    target: Floats


def as_file(pixels: Pixels) -> bytes:
    """A PNG, as somebody might upload it."""
    written, data = cv2.imencode(".png", pixels)
    if not written:
        raise ValueError(f"OpenCV could not encode an image of shape {pixels.shape} as PNG")
    return data.tobytes()


def chances(model: Model, files: Sequence[bytes]) -> Floats:
    """Calibrated probabilities (N, 3) of uploaded files."""
    logits = []
    for start in range(0, len(files), BATCH):
        chosen = files[start : start + BATCH]
        batch = model.layout.empty(len(chosen))
        for file, row in zip(chosen, batch, strict=True):
            frame = prepare(open_upload(file, POLICY), model.manifest, POLICY).frame
            model.layout.write(frame.pixels[0], row)
        logits.append(model.runtime.forward(batch).logits)
    return probabilities(np.concatenate(logits), model.manifest).astype(np.float32)


def accuracy(target: Floats, probability: Floats) -> float:
    return float((target.argmax(1) == probability.argmax(1)).mean())


def balanced_accuracy(target: Floats, probability: Floats) -> float | None:
    """Mean over the classes of the share called rightly; None where a class is missing."""
    right = target.argmax(1) == probability.argmax(1)
    if (target.sum(0) == 0).any():
        return None
    return float(np.mean([right[target[:, k] == 1].mean() for k in range(target.shape[1])]))


def evaluate(bundle: Path, films: Sequence[Film], folder: Path) -> Report:
    """All numbers of the card, on films that took no part in training or calibration."""
    model = load_model(bundle)
    target, groups = hard_targets(films), [film.group for film in films]
    shifted = {
        name: chances(model, [as_file(shift(film)) for film in films])
        for name, shift in SHIFTS.items()
    }
    found = shifted["none"]
    margins = chances(model, [as_file(MARGINS_ALONE(film)) for film in films])
    ill = 1 - target[:, 0]
    by_sharpness = float(roc_auc_score(ill, [sharpness(film) for film in films]))

    def interval(score: Callable[[Floats, Floats], float | None]) -> Interval:
        return patient_interval(groups, lambda drawn: score(target[drawn], found[drawn]))

    confusion = np.zeros((len(KINDS), len(KINDS)), np.int64)
    np.add.at(confusion, (target.argmax(1), found.argmax(1)), 1)
    right = (target.argmax(1) == found.argmax(1)).astype(np.float32)
    return Report(
        films=len(films),
        patients=len(set(groups)),
        accuracy=accuracy(target, found),
        accuracy_interval=interval(accuracy),
        balanced=balanced_accuracy(target, found) or 0.0,
        balanced_interval=interval(balanced_accuracy),
        confusion=confusion,
        ece=expected_calibration_error(found.max(1), right),
        classes={
            label.id: score_class(target[:, k], found[:, k], label.threshold, groups)
            for k, label in enumerate(model.manifest.labels)
        },
        shifts={name: score_shift(target, one) for name, one in shifted.items()},
        margins_alone=float(roc_auc_score(ill, 1 - margins[:, 0])),
        sharpness_alone=max(by_sharpness, 1 - by_sharpness),
        full_size_gap=full_size_gap(model, folder),
        milliseconds={batch: time_per_film(model, batch) for batch in (1, 8)},
        probability=found,
        target=target,
    )


def score_class(
    target: Floats, probability: Floats, threshold: float, groups: Sequence[str]
) -> ClassScore:
    called = probability >= threshold
    return ClassScore(
        auc=float(roc_auc_score(target, probability)),
        interval=auc_interval(target, probability, groups),
        ece=expected_calibration_error(probability, target),
        threshold=threshold,
        sensitivity=float(called[target == 1].mean()),
        specificity=float(1 - called[target == 0].mean()),
    )


def score_shift(target: Floats, probability: Floats) -> ShiftScore:
    return ShiftScore(
        accuracy(target, probability),
        balanced_accuracy(target, probability) or 0.0,
        tuple(float(roc_auc_score(target[:, k], probability[:, k])) for k in range(len(KINDS))),
    )


def full_size_gap(model: Model, folder: Path) -> float:
    """Largest difference of a probability between originals and their squashed copies."""
    with (
        zipfile.ZipFile(folder / "fullres.zip") as full,
        zipfile.ZipFile(folder / "images.zip") as squashed,
    ):
        names = full.namelist()
        originals = chances(model, [full.read(name) for name in names])
        copies = chances(model, [squashed.read(f"images/{Path(name).name}") for name in names])
    return float(np.abs(originals - copies).max())


def time_per_film(model: Model, count: int) -> float:
    """Milliseconds of the forward pass: the fastest of 20 runs, as other load only ever adds."""
    batch = model.layout.empty(count)
    batch[:] = np.random.default_rng(0).standard_normal(batch.shape, dtype=np.float32)
    taken = []
    for _ in range(20):
        start = time.perf_counter()
        model.runtime.forward(batch)
        taken.append(time.perf_counter() - start)
    return min(taken) / count * 1000
