"""Bundles whose weights are in MLflow: a registry in SQLite, as a training run leaves it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dropsight.adapters.artifacts.cache import cached
from dropsight.adapters.artifacts.digests import folder_digest
from dropsight.cli.main import main
from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.frames import Frame
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from tests.requirements_check import require
from tests.toy_bundle import toy_network, write_toy_bundle

pytestmark = pytest.mark.integration

require(
    importlib.util.find_spec("mlflow"),
    "mlflow is not installed (dropsight-inference[mlflow])",
    whole_module=True,
)

import mlflow  # noqa: E402
from mlflow.models import Model  # noqa: E402

WEIGHTS = np.ones((2, 4, 4), np.float32)


@dataclass(frozen=True)
class Registry:
    client: Any
    run_id: str
    folder: Path

    def log(self, name: str, files: dict[str, bytes], flavours: dict[str, Any] | None) -> str:
        """Log a folder of files to the run; with flavours it is an MLflow model. Its run URI."""
        local = self.folder / name
        for path, content in files.items():
            (local / path).parent.mkdir(parents=True, exist_ok=True)
            (local / path).write_bytes(content)
        if flavours is not None:
            model = Model()
            for flavour, entries in flavours.items():
                model.add_flavor(flavour, **entries)
            model.save(str(local / "MLmodel"))
        self.client.log_artifacts(self.run_id, str(local), name)
        return f"runs:/{self.run_id}/{name}"

    def version(self, name: str, source: str) -> str:
        return str(self.client.create_model_version(name, source, self.run_id).version)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Made once: MLflow takes seconds to set a database up. Names are each test's own."""
    folder = tmp_path_factory.mktemp("mlflow")
    patch = pytest.MonkeyPatch()
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
    patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("dropsight", (folder / "artifacts").as_uri())
    run = client.create_run(experiment)
    yield Registry(client, run.info.run_id, folder / "logged")
    patch.undo()


def _network(bias: list[float]) -> bytes:
    return toy_network(WEIGHTS, 1, "NCHW", 1, bias)


def _bundle(folder: Path, path: str, sha256: str) -> Path:
    bundle = write_toy_bundle(
        folder, WEIGHTS, changes={"artifact": {"path": path, "sha256": sha256}}
    )
    (bundle / "model.onnx").unlink()
    return bundle


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("path", ["models:/served@champion", "models:/served/1"])
def test_a_registered_model_is_served_by_its_alias_and_by_its_version(
    tmp_path: Path, registry: Registry, path: str
) -> None:
    network = _network([1.0, -1.0])
    if not registry.client.search_registered_models("name = 'served'"):
        registry.client.create_registered_model("served")
        run = registry.log("model", {"model.onnx": network}, {"onnx": {"data": "model.onnx"}})
        registry.version("served", run)
        registry.client.set_registered_model_alias("served", "champion", "1")
    folder = _bundle(tmp_path / "toy", path, _sha256(network))
    engine = Engine({"toy": load_model(folder, 1, tmp_path / "cache")}, 4, 0.0, Metrics())

    findings = engine.predict("toy", Frame(np.zeros((1, 4, 4, 1), np.uint8), 4, 4, (0, 0, 4, 4)))
    engine.close()

    # On black the logits are the bias: sigmoid(1) and sigmoid(-1).
    probabilities = [one.probability for one in findings.findings]
    assert probabilities == pytest.approx([0.7311, 0.2689], abs=1e-4)


def test_pin_prints_the_digest_of_a_registered_model_and_its_version(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    network = _network([2.0, 2.0])
    registry.client.create_registered_model("pinned")
    registry.version("pinned", registry.log("pinned", {"m.onnx": network}, None))
    registry.client.set_registered_model_alias("pinned", "champion", "1")

    assert main(["models", "pin", "models:/pinned@champion"]) == 0

    printed = capsys.readouterr().out
    assert "which is version 1 now" in printed
    assert yaml.safe_load(printed)["artifact"] == {
        "path": "models:/pinned@champion",
        "sha256": _sha256(network),
    }


def test_an_alias_that_was_moved_to_other_bytes_is_refused_and_says_to_which_version(
    tmp_path: Path, registry: Registry
) -> None:
    client = registry.client
    client.create_registered_model("moved")
    old, new = _network([0.0, 0.0]), _network([5.0, 5.0])
    for name, network in (("old", old), ("new", new)):
        registry.version("moved", registry.log(name, {"m.onnx": network}, None))
    client.set_registered_model_alias("moved", "champion", "2")
    folder = _bundle(tmp_path / "toy", "models:/moved@champion", _sha256(old))

    with pytest.raises(ManifestInvalid) as raised:
        load_model(folder, 1, tmp_path / "cache")

    said = f"models:/moved@champion, which is version 2 now, m.onnx, has SHA-256 {_sha256(new)}"
    assert said in str(raised.value)
    assert f"artifact.sha256 says {_sha256(old)}" in str(raised.value)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_plain_file_that_was_logged_and_registered_is_served(
    tmp_path: Path, registry: Registry
) -> None:
    network = _network([0.0, 0.0])
    run = registry.log("bundle", {"model.onnx": network, "MODEL_CARD.md": b"card"}, None)
    registry.client.create_registered_model("plain")
    registry.version("plain", f"{run}/model.onnx")
    registry.version("plain", run)

    for path in ("models:/plain/1", "models:/plain/2/model.onnx", f"{run}/model.onnx"):
        found = cached(path, _sha256(network), tmp_path / str(len(path)))
        assert (found.name, found.read_bytes()) == ("model.onnx", network)


@pytest.mark.parametrize(
    ("files", "flavours", "chosen"),
    [
        # As mlflow.keras.log_model, mlflow.pytorch.log_model, mlflow.tensorflow.log_model write.
        (
            {"data/model.keras": b"weights", "data/keras_module.txt": b"keras"},
            {"keras": {"data": "data"}},
            "model.keras",
        ),
        (
            {"data/model.pt2": b"weights"},
            {"pytorch": {"model_data": "data"}, "python_function": {"loader_module": "x"}},
            "model.pt2",
        ),
        (
            {"tf2model/saved_model.pb": b"graph", "tf2model/variables/v.index": b"1"},
            {"tensorflow": {"saved_model_dir": "tf2model"}},
            "tf2model",
        ),
        # As mlflow.onnx.log_model writes it by default: tensors in a file of their own.
        (
            {"model.onnx": b"... 4f1c-weights ...", "4f1c-weights": b"tensors"},
            {"onnx": {"data": "model.onnx"}},
            "model",
        ),
    ],
    ids=["keras", "torch", "saved-model", "onnx-external"],
)
def test_of_an_mlflow_model_the_weights_are_taken_and_its_own_files_are_not(
    tmp_path: Path,
    registry: Registry,
    request: pytest.FixtureRequest,
    files: dict[str, bytes],
    flavours: dict[str, Any],
    chosen: str,
) -> None:
    own = {"conda.yaml": b"dependencies: []", "requirements.txt": b"mlflow"}
    name = f"flavour-{request.node.callspec.id}"
    run = registry.log(name, files | own, flavours)
    expected = tmp_path / "expected"
    for path, content in files.items():
        if "keras_module" in path:
            continue
        target = expected / path.rpartition("/")[2] if chosen == "model" else expected / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (at,) = [expected] if chosen == "model" else expected.rglob(chosen)
    sha256 = folder_digest(at) if at.is_dir() else _sha256(at.read_bytes())

    found = cached(run, sha256, tmp_path / "cache")

    assert found.name == chosen
    assert "conda.yaml" not in [path.name for path in found.parent.rglob("*")]


def test_each_refusal_names_what_was_found(tmp_path: Path, registry: Registry) -> None:
    other = registry.log("sklearn", {"model.pkl": b"x"}, {"sklearn": {"pickled_model": "m"}})
    registry.client.create_registered_model("known")
    cases = [
        ("models:/unknown/1", "Registered Model with name=unknown not found"),
        ("models:/known@nobody", "alias nobody not found"),
        ("models:/known/7", "version=7"),
        (f"runs:/{registry.run_id}/nothing", "nothing"),
        (other, "an MLflow model of flavours sklearn; read are onnx, keras, tensorflow, pytorch"),
    ]
    for path, expected in cases:
        with pytest.raises(ManifestInvalid) as raised:
            cached(path, "0" * 64, tmp_path)
        assert str(raised.value).startswith(path)
        assert expected in str(raised.value)


def test_without_the_address_of_a_server_it_is_asked_for(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow would make an empty database in the working directory."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI")

    with pytest.raises(ManifestInvalid, match="set MLFLOW_TRACKING_URI to the address"):
        cached("models:/served/1", "0" * 64, tmp_path)


def test_missing_mlflow_says_what_to_install(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)

    with pytest.raises(ManifestInvalid, match=r"pip install 'dropsight-inference\[mlflow\]'"):
        cached("models:/served/1", "0" * 64, tmp_path)
