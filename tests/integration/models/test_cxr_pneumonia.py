"""The bundle cxr-pneumonia on real films it was not trained on, through imaging and the engine."""

import csv
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dropsight.domain.frames import Frame
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import open_upload, prepare
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.requirements_check import require

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
BUNDLE = REPOSITORY / "models" / "cxr-pneumonia"
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
FILMS = DATA / "cxr_pneumonia"
EVERY = 6
"""Every sixth film of val: 87 of them, a few seconds."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine({"cxr": load_model(BUNDLE)}, batch_size=8, batch_wait_ms=0, metrics=Metrics())
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def films() -> list[tuple[bytes, bool]]:
    """JPEG bytes and whether the film shows pneumonia."""
    require((FILMS / "images.zip").exists(), "the chest films of cxr_pneumonia; set DROPSIGHT_DATA")
    with (FILMS / "labels.csv").open(newline="", encoding="utf-8") as lines:
        val = [row for row in csv.DictReader(lines) if row["split"] == "val"][::EVERY]
    with zipfile.ZipFile(FILMS / "images.zip") as archive:
        return [(archive.read(f"images/{r['file']}"), r["pneumonia"] == "1") for r in val]


def prepared(engine: Engine, film: bytes) -> Frame:
    policy = ImagingPolicy(b"a key of the tests")
    manifest = engine.models["cxr"].manifest
    return prepare(open_upload(film, policy), manifest, policy).frame


def test_pneumonia_is_told_from_normal_films_as_the_card_says(
    engine: Engine, films: list[tuple[bytes, bool]]
):
    scores = np.array([probability(engine, film) for film, _ in films])
    ill = np.array([shows for _, shows in films])
    # AUC is the share of pairs that are in the right order; the card says 0.98 and more.
    pairs = scores[ill][:, None] - scores[~ill][None, :]
    assert (pairs > 0).mean() > 0.95


def test_the_operating_point_finds_most_and_spares_most(
    engine: Engine, films: list[tuple[bytes, bool]]
):
    threshold = engine.models["cxr"].manifest.label("pneumonia").threshold
    found = np.array([probability(engine, film) >= threshold for film, _ in films])
    ill = np.array([shows for _, shows in films])
    assert found[ill].mean() > 0.85
    assert found[~ill].mean() < 0.15


def test_the_activation_maps_add_up_to_the_logits(engine: Engine, films: list[tuple[bytes, bool]]):
    model = engine.models["cxr"]
    batch = model.layout.empty(4)
    for (film, _), row in zip(films[:4], batch, strict=True):
        model.layout.write(prepared(engine, film).pixels[0], row)
    outputs = model.runtime.forward(batch)
    assert outputs.activations is not None
    # What is left of each logit is the bias of its label: the same for every film.
    bias = outputs.logits - outputs.activations.mean(axis=(2, 3))
    np.testing.assert_allclose(bias, np.broadcast_to(bias[0], bias.shape), atol=1e-4)


@pytest.mark.parametrize("method", ["grad-cam", "lime"])
def test_an_explanation_beats_a_random_one(
    engine: Engine, films: list[tuple[bytes, bool]], method: str
):
    film = next(film for film, shows in films if shows and probability(engine, film) > 0.9)
    parameters = {"samples": 65, "segments": 16} if method == "lime" else {}
    (attribution,) = engine.explain(
        "cxr", prepared(engine, film), method, ["pneumonia"], 0, parameters
    )
    assert attribution.heatmap.shape == (224, 224)
    # What it points at carries the finding: putting it back first restores it sooner than taking
    # it away first keeps it.
    assert attribution.fidelity["insertion"] > attribution.fidelity["deletion"]


def probability(engine: Engine, film: bytes) -> float:
    findings = engine.predict("cxr", prepared(engine, film)).findings
    return next(finding.probability for finding in findings if finding.label == "pneumonia")
