"""Scores the exported graph, as it will be served, on films of the val split."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from sklearn.metrics import roc_auc_score

from training.cxr_pneumonia.calibrate import Calibration, sigmoid
from training.cxr_pneumonia.settings import Recipe
from training.films.data import LABELS, Film, Floats, Pixels, decode, prepare
from training.films.scores import auc_interval, expected_calibration_error
from training.films.shifts import MARGINS_ALONE, SHIFTS, sharpness


@dataclass(frozen=True)
class LabelScore:
    """One label on val; `low` and `high` bound the 95 % bootstrap interval of `auc`."""

    auc: float
    low: float
    high: float
    ece: float
    threshold: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class Report:
    """Everything the model card says in numbers."""

    films: int
    patients: int
    labels: dict[str, LabelScore]
    shifts: dict[str, tuple[float, ...]]
    """AUC by shift, in LABELS order."""
    margins_alone: float
    """Pneumonia AUC with the middle of each film filled in."""
    sharpness_alone: float
    """Pneumonia AUC of sharpness by itself, no model at all."""
    border_share: float
    """Share of positive activation in the outer 2 of 14 cells, over films called positive."""
    full_size_gap: float
    """Largest difference of a probability between a full-size original and its squashed copy."""
    milliseconds: dict[int, float]
    """Per image, by batch size."""
    probability: Floats
    target: Floats


def open_session(model: Path, threads: int = 2) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        model.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def predict(
    session: onnxruntime.InferenceSession, images: Sequence[Pixels], recipe: Recipe
) -> tuple[Floats, Floats]:
    """Logits (N, 3) and activations (N, 3, h, w) of uint8 images of any size."""
    logits, maps = [], []
    for start in range(0, len(images), 16):
        batch = np.stack(
            [
                prepare(image, recipe.size, recipe.mean, recipe.std)
                for image in images[start : start + 16]
            ]
        )
        output = session.run(["logits", "activations"], {"image": batch})
        logits.append(output[0])
        maps.append(output[1])
    return np.concatenate(logits), np.concatenate(maps)


def score_label(
    target: Floats, probability: Floats, threshold: float, groups: Sequence[str]
) -> LabelScore:
    called = probability >= threshold
    low, high = auc_interval(target, probability, groups)
    return LabelScore(
        auc=float(roc_auc_score(target, probability)),
        low=low,
        high=high,
        ece=expected_calibration_error(probability, target),
        threshold=threshold,
        sensitivity=float(called[target == 1].mean()),
        specificity=float(1 - called[target == 0].mean()),
    )


def border_share(activations: Floats, chosen: npt.NDArray[np.bool_]) -> float:
    """Share of max(activation, 0) in the two outermost rings of cells, over the chosen films.

    activations: (N, h, w); chosen: bool (N,), all films if it chooses none.
    """
    heat = np.maximum(activations[chosen] if chosen.any() else activations, 0)
    inner = heat[:, 2:-2, 2:-2].sum((1, 2))
    return float(np.mean(1 - inner / np.maximum(heat.sum((1, 2)), 1e-9)))


def full_size_gap(
    session: onnxruntime.InferenceSession, folder: Path, recipe: Recipe, temperature: float
) -> float:
    """Largest difference of a probability between originals and their squashed copies."""
    gap = 0.0
    with (
        zipfile.ZipFile(folder / "fullres.zip") as full,
        zipfile.ZipFile(folder / "images.zip") as squashed,
    ):
        for name in full.namelist():
            pair = [
                decode(full.read(name), name),
                decode(squashed.read(f"images/{Path(name).name}"), name),
            ]
            logits, _ = predict(session, pair, recipe)
            probability = sigmoid(logits / temperature)
            gap = max(gap, float(np.abs(probability[0] - probability[1]).max()))
    return gap


def time_per_image(session: onnxruntime.InferenceSession, batch: int, size: int) -> float:
    """Milliseconds per image: the fastest of 30 runs, as other load only ever adds."""
    image = np.random.default_rng(0).standard_normal((batch, 1, size, size), dtype=np.float32)
    taken = []
    for _ in range(30):
        start = time.perf_counter()
        session.run(["logits", "activations"], {"image": image})
        taken.append(time.perf_counter() - start)
    return min(taken) / batch * 1000


def evaluate(
    model: Path, films: Sequence[Film], folder: Path, recipe: Recipe, calibration: Calibration
) -> Report:
    """All numbers of the card, for the graph at `model`, whose bias holds the offset already."""
    session = open_session(model)
    target = np.stack([film.target for film in films])
    groups = [film.group for film in films]
    aucs = {}
    probability = np.empty(0, np.float32)
    activations = np.empty(0, np.float32)
    for name, shift in SHIFTS.items():
        logits, maps = predict(session, [shift(film) for film in films], recipe)
        aucs[name] = tuple(
            float(roc_auc_score(target[:, k], logits[:, k])) for k in range(len(LABELS))
        )
        if name == "none":
            probability, activations = sigmoid(logits / calibration.temperature), maps
    margins, _ = predict(session, [MARGINS_ALONE(film) for film in films], recipe)
    by_sharpness = roc_auc_score(target[:, 0], [sharpness(film) for film in films])
    thresholds = calibration.thresholds
    return Report(
        films=len(films),
        patients=len(set(groups)),
        labels={
            label: score_label(target[:, k], probability[:, k], thresholds[k], groups)
            for k, label in enumerate(LABELS)
        },
        shifts=aucs,
        margins_alone=float(roc_auc_score(target[:, 0], margins[:, 0])),
        sharpness_alone=float(max(by_sharpness, 1 - by_sharpness)),
        border_share=border_share(activations[:, 0], probability[:, 0] >= thresholds[0]),
        full_size_gap=full_size_gap(session, folder, recipe, calibration.temperature),
        milliseconds={batch: time_per_image(session, batch, recipe.size) for batch in (1, 8)},
        probability=probability,
        target=target,
    )
