"""The bundle cxr-keras-lime on real films it was not trained on, through imaging and the engine."""

import csv
import importlib.util
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dropsight.cli.samples.catalogue import samples
from dropsight.domain.frames import Frame
from dropsight.domain.manifests import load_manifest
from dropsight.domain.results import Finding
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import open_upload, prepare
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.requirements_check import require

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
BUNDLE = REPOSITORY / "models" / "cxr-keras-lime"
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
FILMS = DATA / "cxr_pneumonia"
POLICY = ImagingPolicy(b"a key of the tests")
EVERY = 6
"""Every sixth film of val: 87 of them."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    require(
        importlib.util.find_spec("tensorflow"),
        "TensorFlow is not installed (requirements/runtimes.txt)",
    )
    engine = Engine({"keras": load_model(BUNDLE)}, batch_size=8, batch_wait_ms=0, metrics=Metrics())
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def films() -> list[tuple[bytes, str]]:
    """JPEG bytes and the label of the film."""
    require((FILMS / "images.zip").exists(), "the chest films of cxr_pneumonia; set DROPSIGHT_DATA")
    with (FILMS / "labels.csv").open(newline="", encoding="utf-8") as lines:
        val = [row for row in csv.DictReader(lines) if row["split"] == "val"][::EVERY]
    with zipfile.ZipFile(FILMS / "images.zip") as archive:
        return [(archive.read(f"images/{row['file']}"), row["label"]) for row in val]


@pytest.fixture(scope="module")
def called(engine: Engine, films: list[tuple[bytes, str]]) -> list[tuple[dict[str, float], str]]:
    """The probabilities of each film, and its label."""
    return [
        ({one.label: one.probability for one in findings(engine, film)}, label)
        for film, label in films
    ]


def test_most_films_are_called_by_their_class(called: list[tuple[dict[str, float], str]]) -> None:
    right = [max(chances, key=chances.__getitem__) == label for chances, label in called]
    # The card says 0.78 on all of val; always saying `bacterial` would give 0.49.
    assert np.mean(right) > 0.68


def test_pneumonia_is_told_from_normal_films(called: list[tuple[dict[str, float], str]]) -> None:
    ill = np.array([label != "normal" for _, label in called])
    scores = np.array([1 - chances["normal"] for chances, _ in called])
    # AUC is the share of pairs that are in the right order.
    pairs = scores[ill][:, None] - scores[~ill][None, :]
    assert (pairs > 0).mean() > 0.93


def test_the_three_probabilities_add_up_to_one(
    called: list[tuple[dict[str, float], str]],
) -> None:
    assert [sum(chances.values()) for chances, _ in called] == pytest.approx([1.0] * len(called))


def test_lime_says_how_far_to_trust_it(engine: Engine, films: list[tuple[bytes, str]]) -> None:
    film = next(file for file, label in films if label == "bacterial" and sure_of(engine, file))
    (attribution,) = engine.explain(
        "keras", frame_of(film), "lime", ["bacterial"], 0, {"samples": 65, "segments": 16}
    )

    assert attribution.heatmap.shape == (engine.models["keras"].manifest.input.height,) * 2
    assert attribution.fidelity["insertion"] > attribution.fidelity["deletion"]


def test_grad_cam_is_by_gradients_at_the_layer_that_model_yaml_names(
    engine: Engine, films: list[tuple[bytes, str]]
) -> None:
    parameters = engine.models["keras"].manifest.explanations[1].parameters
    (attribution,) = engine.explain(
        "keras", frame_of(films[0][0]), "grad-cam", ["bacterial"], 0, parameters
    )

    assert attribution.parameters["layer"] == "maps"
    assert attribution.heatmap.min() >= 0


def test_a_greyscale_dicom_film_becomes_three_equal_channels_with_its_attributes() -> None:
    film = next(sample.data for sample in samples() if sample.name.endswith(".dcm"))
    upload = open_upload(film, POLICY)
    prepared = prepare(upload, load_manifest(BUNDLE), POLICY)

    (pixels,) = prepared.frame.pixels
    side = load_manifest(BUNDLE).input.width
    assert pixels.shape == (side, side, 3)
    assert (pixels == pixels[..., :1]).all()
    assert pixels.std() > 0
    assert prepared.study is not None
    assert prepared.study.modality == "DX"
    assert prepared.study.patient_id


def test_four_films_in_one_batch_get_the_answers_that_they_get_alone(
    engine: Engine, films: list[tuple[bytes, str]]
) -> None:
    frames = [frame_of(film) for film, _ in films[:4]]
    batch = Frame(np.concatenate([one.pixels for one in frames]), 224, 224, frames[0].content_box)
    together = engine.predict("keras", batch).findings
    alone = [f for one in frames for f in engine.predict("keras", one).findings]

    assert [f.logit for f in together] == pytest.approx([f.logit for f in alone], abs=1e-3)


def frame_of(film: bytes) -> Frame:
    return prepare(open_upload(film, POLICY), load_manifest(BUNDLE), POLICY).frame


def findings(engine: Engine, film: bytes) -> list[Finding]:
    return list(engine.predict("keras", frame_of(film)).findings)


def sure_of(engine: Engine, film: bytes) -> bool:
    return next(f.probability for f in findings(engine, film) if f.label == "bacterial") > 0.7
