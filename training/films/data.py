"""Reads the films of `images.zip` and splits them by patient."""

from __future__ import annotations

import csv
import hashlib
import random
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

KINDS = ("normal", "bacterial", "viral")
"""What `labels.csv` calls a film."""
LABELS = ("pneumonia", "bacterial", "viral")
"""The 0/1 columns that are targets of a multi-label model."""

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Film:
    """One film: `pixels` uint8 (224, 224), `target` float32 (3,) of 0 and 1 in LABELS order."""

    file: str
    group: str
    kind: str
    pixels: Pixels
    target: Floats

    @property
    def digest(self) -> str:
        """SHA-256 of the decoded pixels: the same for copies that were encoded twice."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()


def decode(encoded: bytes, name: str) -> Pixels:
    """The grey levels of a JPEG or PNG file: uint8 (h, w)."""
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise ValueError(f"{name} is no image that OpenCV can decode; fetch the archive again")
    return pixels.astype(np.uint8)


def read_films(folder: Path, split: str, limit: int | None = None) -> list[Film]:
    """Films of one split (`train` or `val`), at most `limit` of each kind, in file order."""
    with (folder / "labels.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["split"] == split]
    if limit is not None:
        rows = [
            row for kind in KINDS for row in [row for row in rows if row["label"] == kind][:limit]
        ]
    films = []
    with zipfile.ZipFile(folder / "images.zip") as archive:
        for row in rows:
            pixels = decode(archive.read(f"images/{row['file']}"), row["file"])
            target = np.array([float(row[label]) for label in LABELS], np.float32)
            films.append(Film(row["file"], row["patient_group"], row["label"], pixels, target))
    return films


def training_films(folder: Path, limit: int | None = None) -> list[Film]:
    """The train split without pixel-identical copies of its own films or of a val film."""
    return without_copies(read_films(folder, "train", limit), of=read_films(folder, "val", limit))


def without_copies(films: Sequence[Film], of: Sequence[Film] = ()) -> list[Film]:
    """Drops films whose pixels occur earlier in `films`, or anywhere in `of`."""
    seen = {film.digest for film in of}
    kept = []
    for film in films:
        if film.digest not in seen:
            seen.add(film.digest)
            kept.append(film)
    return kept


def hold_out(
    films: Sequence[Film], fold: int, folds: int, seed: int
) -> tuple[list[Film], list[Film]]:
    """Splits into (rest, dev), dev being every `folds`-th patient of each kind.

    A patient with films of two kinds counts with the first, and stays whole.
    """
    kind_of: dict[str, str] = {}
    for film in films:
        kind_of.setdefault(film.group, film.kind)
    groups = defaultdict(list)
    for group, kind in kind_of.items():
        groups[kind].append(group)
    held: set[str] = set()
    for kind in sorted(groups):
        order = sorted(groups[kind])
        random.Random(f"{seed} {kind}").shuffle(order)
        held.update(order[fold::folds])
    return (
        [film for film in films if film.group not in held],
        [film for film in films if film.group in held],
    )


def stretch_to(pixels: Pixels, size: int) -> Pixels:
    """To a square as serving does it: INTER_AREA when shrinking, else INTER_LINEAR.

    uint8 (h, w) -> uint8 (size, size).
    """
    if pixels.shape == (size, size):
        return pixels
    method = cv2.INTER_AREA if size <= min(pixels.shape) else cv2.INTER_LINEAR
    return cv2.resize(pixels, (size, size), interpolation=method).astype(np.uint8)


def prepare(pixels: Pixels, size: int, mean: float, std: float) -> Floats:
    """What serving does: uint8 (h, w) -> float32 (1, size, size), about -2 to 2.3.

    Stretch to a square, scale to [0, 1], then (x - mean) / std.
    """
    return ((stretch_to(pixels, size).astype(np.float32) / 255.0 - mean) / std)[None]
