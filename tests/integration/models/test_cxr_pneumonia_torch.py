"""cxr-pneumonia by PyTorch says what cxr-pneumonia by ONNX Runtime says, and why."""

import csv
import hashlib
import importlib.util
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dropsight.cli.samples.catalogue import samples
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import open_upload, prepare
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.requirements_check import require

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[3]
MODELS = REPOSITORY / "models"
DATA = Path(os.environ.get("DROPSIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
FILMS = DATA / "cxr_pneumonia"
POLICY = ImagingPolicy(b"a key of the tests")
NAMES = ("cxr-pneumonia", "cxr-pneumonia-torch")
LABELS = ["pneumonia", "bacterial", "viral"]

LOGITS = 1e-3
"""The graph has its batch norm folded, so the two round differently; logits are about -10 to 10."""
HEAT = 1e-3
"""Of heatmaps between 0 and 1."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    require(importlib.util.find_spec("torch"), "torch is not installed (requirements/runtimes.txt)")
    models = {name: load_model(MODELS / name) for name in NAMES}
    engine = Engine(models, batch_size=8, batch_wait_ms=0, metrics=Metrics())
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def phantoms() -> list[bytes]:
    """Synthetic films: those samples of `dropsight demo` that a model of chest films takes."""
    return [sample.data for sample in samples() if sample.status == "explained"]


@pytest.fixture(scope="module")
def films() -> list[bytes]:
    require((FILMS / "images.zip").exists(), "the chest films of cxr_pneumonia; set DROPSIGHT_DATA")
    with (FILMS / "labels.csv").open(newline="", encoding="utf-8") as lines:
        val = [row for row in csv.DictReader(lines) if row["split"] == "val"][::26]
    with zipfile.ZipFile(FILMS / "images.zip") as archive:
        return [archive.read(f"images/{row['file']}") for row in val]


def test_logits_agree_on_synthetic_films(engine: Engine, phantoms: list[bytes]) -> None:
    assert_logits_agree(engine, phantoms)


def test_logits_agree_on_real_films(engine: Engine, films: list[bytes]) -> None:
    assert_logits_agree(engine, films)


def test_grad_cam_by_autograd_is_the_exported_activation_map(
    engine: Engine, phantoms: list[bytes]
) -> None:
    assert_heatmaps_agree(engine, phantoms[:1])


def test_grad_cam_agrees_on_real_films(engine: Engine, films: list[bytes]) -> None:
    assert_heatmaps_agree(engine, films[:1])


def test_the_same_net_may_be_served_as_an_exported_program(
    engine: Engine, phantoms: list[bytes], tmp_path: Path
) -> None:
    import torch
    import yaml

    from training.cxr_pneumonia.network import served

    network = served().eval()
    weights = MODELS / "cxr-pneumonia-torch" / "weights.pt"
    network.load_state_dict(torch.load(weights, weights_only=True))
    batch = torch.export.Dim.DYNAMIC
    example = torch.zeros(2, 1, 224, 224)
    program = torch.export.export(network, (example,), dynamic_shapes=({0: batch},))
    torch.export.save(program, tmp_path / "model.pt2")
    stated = yaml.safe_load((MODELS / "cxr-pneumonia-torch" / "model.yaml").read_text("utf-8"))
    digest = hashlib.sha256((tmp_path / "model.pt2").read_bytes()).hexdigest()
    stated["artifact"] = {"path": "model.pt2", "sha256": digest}
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(stated), encoding="utf-8")

    exported = load_model(tmp_path)
    frame = frame_of(engine, "cxr-pneumonia-torch", phantoms[0])
    row = exported.layout.empty(1)
    exported.layout.write(frame.pixels[0], row[0])
    # Not so by Grad-CAM: a program has no layer that does nothing, such as `maps`.
    wanted = engine.models["cxr-pneumonia-torch"].runtime.forward(row)
    found = exported.runtime.forward(row)
    np.testing.assert_allclose(found.logits, wanted.logits, atol=LOGITS, rtol=0)


def test_both_have_the_same_contract_labels_and_calibration(engine: Engine) -> None:
    onnx, torch = (engine.models[name].manifest for name in NAMES)

    assert torch.input == onnx.input
    assert torch.accepts == onnx.accepts
    assert torch.labels == onnx.labels
    assert torch.calibration == onnx.calibration
    assert not torch.routed_by_attributes


def test_the_code_beside_the_weights_is_that_of_the_recipe() -> None:
    served = (MODELS / "cxr-pneumonia-torch" / "network.py").read_text(encoding="utf-8")
    recipe = REPOSITORY / "training" / "cxr_pneumonia" / "network.py"

    assert served == recipe.read_text(encoding="utf-8")


def assert_logits_agree(engine: Engine, files: list[bytes]) -> None:
    onnx, torch = (
        np.array([[f.logit for f in predicted(engine, name, file)] for file in files])
        for name in NAMES
    )
    assert np.ptp(onnx) > 0.5  # there is something to agree on
    np.testing.assert_allclose(torch, onnx, atol=LOGITS, rtol=0)


def assert_heatmaps_agree(engine: Engine, files: list[bytes]) -> None:
    for file in files:
        onnx, torch = (heatmaps(engine, name, file) for name in NAMES)
        assert onnx.max() == 1.0
        np.testing.assert_allclose(torch, onnx, atol=HEAT, rtol=0)


def predicted(engine: Engine, name: str, file: bytes):
    return engine.predict(name, frame_of(engine, name, file)).findings


def heatmaps(engine: Engine, name: str, file: bytes) -> npt.NDArray[np.float32]:
    """Of each label, ReLU of the map, its maximum made 1 (where it has any)."""
    parameters = engine.models[name].manifest.explanations[0].parameters
    found = engine.explain(name, frame_of(engine, name, file), "grad-cam", LABELS, 0, parameters)
    heat = np.stack([one.heatmap for one in found])
    made_one: npt.NDArray[np.float32] = heat / np.maximum(heat.max((1, 2), keepdims=True), 1e-9)
    return made_one


def frame_of(engine: Engine, name: str, file: bytes):
    return prepare(open_upload(file, POLICY), engine.models[name].manifest, POLICY).frame
