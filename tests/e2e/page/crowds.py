"""Results and rows by the thousand, written straight into the store of a laptop."""

from __future__ import annotations

import base64
import hashlib

import numpy as np

from dropsight.adapters.embedded import places
from dropsight.adapters.embedded.documents import SqliteResultStore
from dropsight.domain.results import CandidateSet, Finding, FrameCandidates, Result
from dropsight.domain.wire import replace
from dropsight.settings import Settings
from tests.e2e.laptop import Laptop


def store_of(laptop: Laptop) -> SqliteResultStore:
    return SqliteResultStore(places.documents_file(Settings(root=laptop.root)))


def identity(name: str) -> str:
    """A result id that is its own: 26 characters of base32."""
    digest = hashlib.sha256(name.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:26]


def add_crowd(laptop: Laptop, like: Result, count: int) -> str:
    """A result with `count` candidates all over the picture of `like`; its id.

    Scores are spread evenly from 0.01 to 0.99, so that 0.5 shows half before suppression.
    """
    random = np.random.default_rng(17)
    sides = random.uniform(3, 8, (count, 2))
    places_ = random.uniform(0, 1, (count, 2)) * (np.array([like.width, like.height]) - sides)
    labels = random.choice(["red", "white"], count)
    scores = np.linspace(0.99, 0.01, count).round(4)
    findings = [
        Finding(
            label=str(label),
            probability=float(score),
            score=float(score),
            threshold=0.5,
            positive=bool(score >= 0.5),
            box=[*place.round(1).tolist(), *side.round(1).tolist()],
        )
        for label, score, place, side in zip(labels, scores, places_, sides, strict=True)
    ]
    made = replace(
        like,
        result_id=identity(f"crowd of {count}"),
        source=replace(like.source, object=f"toy-detector/crowd-{count}.png"),
        findings=findings,
        candidates=CandidateSet(
            minimum_score=0.01,
            maximum=count,
            iou=0.45,
            frames=[FrameCandidates(frame=0, found=count, kept=count)],
        ),
    )
    store_of(laptop).create(made)
    return made.result_id


def add_rows(laptop: Laptop, like: Result, count: int) -> None:
    """`count` results as `like`, each a second older than the one before, the first the oldest."""
    store = store_of(laptop)
    newest = like.timestamps["queued"] - count - 60
    for number in range(count):
        stamps = dict.fromkeys(like.timestamps, newest + number)
        store.create(
            replace(
                like,
                result_id=identity(f"row {number}"),
                timestamps=stamps,
                source=replace(like.source, object=f"cxr/row-{number:05}.png"),
            )
        )
