"""Reads pictures and masks, and holds out groups."""

from __future__ import annotations

import csv
import math
import random
import zipfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3) in RGB."""
Mask = npt.NDArray[np.bool_]
"""(height, width)"""


@dataclass(frozen=True)
class Picture:
    """One photograph with all its defects."""

    name: str
    group: str
    """A spot that was followed over time (T2), or one specimen (T1)."""
    file: bytes
    """The JPEG, as a client would send it."""
    pixels: Pixels
    masks: list[Mask]
    """One for each defect, of the size of the picture."""

    @property
    def kind(self) -> str:
        """`T1` or `T2`."""
        return self.group[:2]


def read_pictures(
    folder: Path, split: Literal["train", "val"], limit: int | None = None
) -> list[Picture]:
    """Pictures of one split in the order of `labels.csv`; with `limit`, evenly spread ones."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["split"] == split]
    if limit is not None:
        rows = rows[:: math.ceil(len(rows) / limit)]
    with zipfile.ZipFile(folder / "images_masks.zip") as archive:
        return [
            picture(
                row["name"],
                row["group"],
                archive.read(f"images/{row['name']}.jpg"),
                archive.read(f"masks/{row['name']}.png"),
            )
            for row in rows
        ]


def picture(name: str, group: str, jpeg: bytes, png: bytes) -> Picture:
    """Decode one picture and the picture of its defects (white on black)."""
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    white = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    if bgr is None or white is None or bgr.shape[:2] != white.shape:
        raise ValueError(f"{name}: the picture and its mask do not fit together")
    pixels = np.ascontiguousarray(bgr[..., ::-1])
    return Picture(name, group, jpeg, pixels, separate(white > 127))


def separate(mask: Mask) -> list[Mask]:
    """One mask for each connected part (8 neighbours): one defect each."""
    count, numbered = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return [numbered == number for number in range(1, count)]


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the pixels that are set, right and bottom exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def hold_out(
    pictures: Sequence[Picture], folds: int, seed: int
) -> tuple[list[Picture], list[Picture]]:
    """Splits into (rest, dev): every `folds`-th group of T1 and of T2, at least one of each."""
    groups = defaultdict(set)
    for one in pictures:
        groups[one.kind].add(one.group)
    held: set[str] = set()
    for kind in sorted(groups):
        order = sorted(groups[kind])
        random.Random(f"{seed} {kind}").shuffle(order)
        held.update(order[::folds])
    return (
        [one for one in pictures if one.group not in held],
        [one for one in pictures if one.group in held],
    )


def sampling_weights(pictures: Sequence[Picture]) -> npt.NDArray[np.float64]:
    """Chance of each picture to be drawn: a group of n has sqrt(n) times the chance of one alone.

    Frames of one spot look alike, so nine of them are worth about three pictures.
    """
    sizes = Counter(one.group for one in pictures)
    weights = np.array([sizes[one.group] ** -0.5 for one in pictures])
    normalised: npt.NDArray[np.float64] = weights / weights.sum()
    return normalised
