"""Keras and SavedModel bundles: what loads, what is refused, and Grad-CAM by GradientTape."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from dropsight.domain.errors import ExplanationUnavailable, ManifestInvalid
from dropsight.domain.frames import Frame
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from dropsight_inference.runtimes import Differentiable, import_runtime
from tests.requirements_check import require

pytestmark = pytest.mark.unit

require(
    importlib.util.find_spec("tensorflow"),
    "tensorflow is not installed (requirements/runtimes.txt)",
    whole_module=True,
)

import_runtime("tensorflow")  # before anything else imports TensorFlow: see RUNTIMES

import keras  # noqa: E402

from tests.keras_bundle import corners, write_keras_bundle  # noqa: E402

# Blocks of 2 x 2: sums 4, 0 over 0, 8. Maps after ReLU: the same, and nothing but zeros.
IMAGE = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 2, 2], [0, 0, 2, 2]], np.float32)
BATCH = IMAGE[None, ..., None]


@pytest.mark.parametrize("path", ["model.keras", "model.h5", "saved"])
def test_each_kind_of_artifact_gives_the_same_logits(tmp_path: Path, path: str) -> None:
    runtime = load_model(write_keras_bundle(tmp_path / "toy", corners(), path), 1).runtime

    for rows in (1, 3):
        outputs = runtime.forward(np.repeat(BATCH, rows, axis=0))
        # Means over four positions: 12 / 4 = 3 and 0.
        assert outputs.logits.tolist() == [[9.0, -3.0]] * rows


@pytest.mark.parametrize("path", ["model.keras", "saved"])
def test_probabilities_are_turned_into_logits_that_give_them_back(
    tmp_path: Path, path: str
) -> None:
    folder = write_keras_bundle(
        tmp_path / "toy",
        corners("softmax"),
        path,
        outputs={"values": "probabilities"},
        multiLabel=False,
    )
    engine = Engine({"toy": load_model(folder, 1)}, 8, 5.0, Metrics())
    frame = Frame((IMAGE[None, ..., None] * 25.5).astype(np.uint8), 4, 4, (0, 0, 4, 4))

    first, second = engine.predict("toy", frame).findings
    engine.close()

    # A tenth of the image: logits 0.9 and -0.3 (pixels are rounded to 1/255), 1.2 apart.
    assert first.probability == pytest.approx(1 / (1 + np.exp(-1.2)), abs=0.005)
    assert first.probability + second.probability == pytest.approx(1)


def test_a_model_that_ends_in_softmax_is_not_taken_for_logits(tmp_path: Path) -> None:
    folder = write_keras_bundle(tmp_path / "toy", corners("softmax"))

    with pytest.raises(ManifestInvalid, match="'head' of the model ends in softmax; legal is 'pro"):
        load_model(folder, 1)


@pytest.mark.parametrize("activation", [None, "softmax", "sigmoid"])
@pytest.mark.parametrize("path", ["model.keras", "model.h5"])
def test_gradients_are_those_of_the_logits_whatever_the_activation(
    tmp_path: Path, activation: str | None, path: str
) -> None:
    values = "probabilities" if activation else "logits"
    folder = write_keras_bundle(
        tmp_path / "toy", corners(activation), path, outputs={"values": values}
    )
    runtime = load_model(folder, 1).runtime
    assert isinstance(runtime, Differentiable)
    before = runtime.forward(BATCH).logits

    found = runtime.gradients(BATCH, [1, 0], None)

    assert found.layer == "relu"
    assert found.activations.tolist() == [[[4, 0], [0, 8]], [[0, 0], [0, 0]]]
    assert found.weights.tolist() == [[-0.25, 0.5], [0.75, 0.25]]
    assert runtime.forward(BATCH).logits.tolist() == before.tolist()


def test_gradients_of_a_layer_within_a_model_within_the_model(tmp_path: Path) -> None:
    folder = write_keras_bundle(tmp_path / "toy", corners(nested=True))
    runtime = load_model(folder, 1).runtime
    assert isinstance(runtime, Differentiable)

    found = runtime.gradients(BATCH, [0], "body/blocks")

    assert found.activations.tolist() == [[[4, 0], [0, 8]], [[-4, 0], [0, -8]]]
    # ReLU lets through what is positive: two of four positions of the first map, none of the other.
    assert found.weights.tolist() == [[0.375, 0.0]]
    assert runtime.gradients(BATCH, [0], None).layer == "body"


def test_a_layer_without_maps_or_that_is_not_there_is_refused(tmp_path: Path) -> None:
    runtime = load_model(write_keras_bundle(tmp_path / "toy", corners()), 1).runtime
    assert isinstance(runtime, Differentiable)

    with pytest.raises(ExplanationUnavailable, match="found 'conv9', legal are blocks, relu, pool"):
        runtime.gradients(BATCH, [0], "conv9")
    with pytest.raises(ExplanationUnavailable, match="'pool' gives no maps"):
        runtime.gradients(BATCH, [0], "pool")


def test_a_saved_model_has_no_layers_to_explain(tmp_path: Path) -> None:
    runtime = load_model(write_keras_bundle(tmp_path / "toy", corners(), "saved"), 1).runtime

    assert not isinstance(runtime, Differentiable)


def test_a_lambda_layer_with_pickled_code_is_refused(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Lambda(lambda x: x[:, :2])]
    )
    folder = write_keras_bundle(tmp_path / "toy", model)

    with pytest.raises(ManifestInvalid, match="Lambda layers and custom classes are not loaded"):
        load_model(folder, 1)


def test_each_refusal_names_the_field(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"abc").hexdigest()
    broken = write_keras_bundle(
        tmp_path / "a", corners(), artifact={"path": "m.h5", "sha256": digest}
    )
    (broken / "m.h5").write_bytes(b"abc")
    pickled = write_keras_bundle(
        tmp_path / "b", corners(), artifact={"path": "m.pkl", "sha256": digest}
    )
    (pickled / "m.pkl").write_bytes(b"abc")
    labels = write_keras_bundle(tmp_path / "c", corners(), labels=[{"id": "one"}])
    size = {"width": 5, "height": 4, "channels": 1, "layout": "NHWC"}
    sides = write_keras_bundle(tmp_path / "d", corners(), input=size)
    changed = write_keras_bundle(tmp_path / "e", corners(), "saved")
    (changed / "saved" / "more").write_bytes(b"")
    cases = [
        (broken, "artifact.path: 'm.h5' is no model that Keras"),
        (pickled, "artifact.path: 'm.pkl'; legal are a .keras file, a .h5 file and the folder"),
        (labels, "gives logits of shape (2, 2), with 1 labels it must be (2, 1)"),
        (sides, "input (NHWC): the model has shape (4, 4, 1), model.yaml says (4, 5, 1)"),
        (changed, "artifact.sha256: the file has"),
    ]
    for folder, expected in cases:
        with pytest.raises(ManifestInvalid) as raised:
            load_model(folder, 1)
        assert expected in str(raised.value)


def test_missing_tensorflow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_keras_bundle(tmp_path / "toy", corners())
    monkeypatch.delitem(sys.modules, "dropsight_inference.runtimes.tensorflow", raising=False)
    monkeypatch.setitem(sys.modules, "tensorflow", None)

    with pytest.raises(ManifestInvalid, match=r"pip install 'dropsight-inference\[tensorflow\]"):
        load_model(folder, 1)
