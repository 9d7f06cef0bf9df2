"""Bundles that go into an image: weights from a bucket are fetched once, when it is built."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from dropsight.adapters.gcp.objects import CloudObjectStore
from dropsight.adapters.gcp.session import STORAGE, Session
from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.bundle import check_device, load_models
from dropsight_inference.bundling.bake import bake
from tests.emulators.object_server import ObjectServer
from tests.toy_bundle import write_toy_bundle

pytestmark = pytest.mark.integration

WEIGHTS = np.ones((2, 4, 4), np.float32)


def _bundle(folder: Path, name: str) -> Path:
    write_toy_bundle(folder / name, WEIGHTS)
    path = folder / name / "model.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "name": name}))
    return path


def test_weights_in_a_bucket_are_in_the_image_and_the_container_asks_nobody(
    tmp_path: Path, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    object_server.objects.clear("weights")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", object_server.address)
    manifest = _bundle(tmp_path / "models", "toy")
    weights = manifest.with_name("model.onnx")
    CloudObjectStore(Session(STORAGE)).write("weights", "toy.onnx", weights.read_bytes())
    weights.unlink()
    stated = yaml.safe_load(manifest.read_text())
    stated["artifact"]["path"] = "gs://weights/toy.onnx"
    manifest.write_text(yaml.safe_dump(stated))

    said = list(bake(tmp_path / "models", tmp_path / "image", tmp_path / "artifacts", ["toy"]))

    assert len(said) == 1
    assert said[0].startswith("toy 1: onnx, loaded")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1")  # nobody listens there
    models = load_models(tmp_path / "image", 1, tmp_path / "artifacts")
    assert list(models) == ["toy"]


def test_only_the_bundles_that_are_named_go_into_the_image(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _bundle(tmp_path / "models", name)

    said = list(bake(tmp_path / "models", tmp_path / "image", tmp_path / "artifacts", ["two"]))

    assert said[0] == "one: left out"
    assert [path.name for path in (tmp_path / "image").iterdir()] == ["two"]


def test_a_name_of_no_bundle_fails_the_build_and_says_which_there_are(tmp_path: Path) -> None:
    _bundle(tmp_path / "models", "one")
    with pytest.raises(ManifestInvalid, match="BUNDLES: found 'onne'; legal are one"):
        list(bake(tmp_path / "models", tmp_path / "image", tmp_path / "artifacts", ["onne"]))


def test_a_bundle_that_cannot_be_loaded_fails_the_build(tmp_path: Path) -> None:
    manifest = _bundle(tmp_path / "models", "one")
    manifest.with_name("model.onnx").write_bytes(b"cut off")
    with pytest.raises(ManifestInvalid, match=r"artifact\.sha256"):
        list(bake(tmp_path / "models", tmp_path / "image", tmp_path / "artifacts", []))


def test_where_a_gpu_is_expected_a_model_on_the_cpu_is_refused(tmp_path: Path) -> None:
    _bundle(tmp_path / "models", "one")
    models = load_models(tmp_path / "models", 1, tmp_path / "artifacts")
    check_device(models, "any")
    with pytest.raises(ManifestInvalid, match="found 'cuda', but one would run on the CPU"):
        check_device(models, "cuda")
