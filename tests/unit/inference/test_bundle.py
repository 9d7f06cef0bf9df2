"""A bundle is checked whole before anything is served from it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from dropsight.adapters.artifacts.digests import file_digest, folder_digest
from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.bundle import load_model, load_models
from dropsight_inference.runtimes import Source
from dropsight_inference.runtimes import onnx as onnx_runtime
from tests.toy_bundle import toy_network, write_toy_bundle

pytestmark = pytest.mark.unit

WEIGHTS = np.ones((2, 4, 4), np.float32)
INPUT = {"width": 4, "height": 4, "channels": 1}


def _refusal(folder: Path) -> str:
    with pytest.raises(ManifestInvalid) as raised:
        load_model(folder, 1)
    return str(raised.value)


def test_a_good_bundle_runs(tmp_path: Path) -> None:
    folder = write_toy_bundle(tmp_path / "toy", WEIGHTS, bias=[0.5, -1.0])
    (folder / "MODEL_CARD.md").write_text("# A toy\n")

    model = load_model(folder, 1)
    outputs = model.runtime.forward(np.ones((3, 1, 4, 4), np.float32))

    assert model.card == "# A toy\n"
    assert outputs.logits.tolist() == [[16.5, 15.0]] * 3
    assert outputs.activations is not None
    assert outputs.activations.shape == (3, 2, 4, 4)


def test_a_changed_artifact_is_refused_with_both_digests(tmp_path: Path) -> None:
    folder = write_toy_bundle(tmp_path / "toy", WEIGHTS)
    with (folder / "model.onnx").open("ab") as artifact:
        artifact.write(b"\0")

    message = _refusal(folder)

    assert "artifact.sha256: the file has" in message
    assert "model.yaml says" in message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"outputs": {"logits": "logit", "activations": "activations"}},
            "outputs.logits: found 'logit', but the model's outputs are 'logits', 'activations'",
        ),
        (
            {"outputs": {"logits": "logits", "activations": "maps"}},
            "outputs.activations: found 'maps'",
        ),
        (
            {"labels": [{"id": "one"}]},
            "outputs.logits: the model has shape ['batch', 2], model.yaml says ['batch', 1]",
        ),
        (
            {"input": {**INPUT, "width": 5}},
            "input (NCHW): the model has shape ['batch', 1, 4, 4], "
            "model.yaml says ['batch', 1, 4, 5]",
        ),
        ({"runtime": "tensorflow"}, "artifact.path: 'model.onnx'; legal are a .keras file"),
        ({"task": "module"}, "runtime: found 'onnx' with task 'module'; a module has both"),
        (
            {"artifact": {"path": "/srv/model.onnx", "sha256": "0" * 64}},
            "artifact.path: found '/srv/model.onnx'; legal is a path relative to model.yaml",
        ),
        (
            {"artifact": {"path": "s3://b/model.onnx", "sha256": "0" * 64}},
            "artifact: found 's3://b/model.onnx'; legal are a path relative to model.yaml, gs://",
        ),
        (
            {"artifact": {"path": "gs://b", "sha256": "0" * 64}},
            "artifact: found 'gs://b'; legal is gs://bucket/object",
        ),
        (
            {"artifact": {"path": "models:/name", "sha256": "0" * 64}},
            "artifact: found 'models:/name'; legal are models:/name/version, models:/name@alias",
        ),
        (
            {"artifact": {"path": "gone.onnx", "sha256": "0" * 64}},
            "artifact.path: 'gone.onnx' cannot be read (No such file or directory)",
        ),
    ],
)
def test_each_refusal_names_the_field_what_was_found_and_what_is_legal(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    folder = write_toy_bundle(tmp_path / "toy", WEIGHTS, changes=changes)

    assert expected in _refusal(folder)


def test_probabilities_become_logits_that_stay_finite(tmp_path: Path) -> None:
    # The toy network's "logits" on black are its bias.
    for multi_label, expected in ((True, [np.log(3), 25 * np.log(2)]), (False, [np.log(0.75), 0])):
        folder = write_toy_bundle(
            tmp_path / str(multi_label),
            WEIGHTS,
            bias=[0.75, 1.0],
            changes={"outputs": {"values": "probabilities"}, "explanations": [], "name": "toy"}
            | {"multiLabel": multi_label},
        )

        found = load_model(folder, 1).runtime.forward(np.zeros((1, 1, 4, 4), np.float32)).logits

        assert found[0] == pytest.approx(expected, abs=1e-5)


def test_a_file_that_is_no_onnx_model_is_refused(tmp_path: Path) -> None:
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc"
    folder = write_toy_bundle(
        tmp_path / "toy", WEIGHTS, changes={"artifact": {"path": "m.onnx", "sha256": digest}}
    )
    (folder / "m.onnx").write_bytes(b"abc")

    assert "artifact.path: 'm.onnx' is no model that onnxruntime" in _refusal(folder)


def test_a_model_with_a_fixed_batch_size_is_refused(tmp_path: Path) -> None:
    network = onnx.load_from_string(toy_network(WEIGHTS, 1, "NCHW", 1, [0.0, 0.0]))
    network.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    folder = write_toy_bundle(tmp_path / "toy", WEIGHTS, network=network.SerializeToString())

    assert "fixed batch size of 1; export it with a dynamic first axis" in _refusal(folder)


def test_every_bundle_of_a_folder_is_loaded_by_its_name(tmp_path: Path) -> None:
    write_toy_bundle(tmp_path / "a", WEIGHTS, changes={"name": "first"})
    write_toy_bundle(tmp_path / "b", WEIGHTS, changes={"name": "second"})

    assert sorted(load_models(tmp_path, 1)) == ["first", "second"]


def _external(folder: Path) -> Path:
    """The toy network at `folder`/model.onnx, its weights in model.onnx.data."""
    folder.mkdir(parents=True, exist_ok=True)
    network = onnx.load_from_string(toy_network(WEIGHTS, 1, "NCHW", 1, [0.0, 2.0]))
    onnx.save(
        network,
        folder / "model.onnx",
        save_as_external_data=True,
        location="model.onnx.data",
        size_threshold=64,
    )
    assert (folder / "model.onnx.data").stat().st_size >= 2 * 16 * 4
    return folder


def test_an_onnx_model_with_its_weights_in_another_file_is_a_folder(tmp_path: Path) -> None:
    digest = folder_digest(_external(tmp_path / "toy" / "network"))
    folder = write_toy_bundle(
        tmp_path / "toy", WEIGHTS, changes={"artifact": {"path": "network", "sha256": digest}}
    )

    # On black the logits are the bias.
    logits = load_model(folder, 1).runtime.forward(np.zeros((1, 1, 4, 4), np.float32)).logits
    assert logits.tolist() == [[0.0, 2.0]]

    (folder / "network" / "model.onnx.data").write_bytes(bytes(128))
    assert "artifact.sha256: the file has" in _refusal(folder)


def test_weights_that_no_digest_covers_are_not_loaded(tmp_path: Path) -> None:
    """They lie beside the file that was checked, where onnxruntime would find them."""
    folder = write_toy_bundle(tmp_path / "toy", WEIGHTS)
    _external(folder)
    digest = file_digest(folder / "model.onnx")
    write_toy_bundle(
        folder,
        WEIGHTS,
        network=(folder / "model.onnx").read_bytes(),
        changes={"artifact": {"path": "model.onnx", "sha256": digest}},
    )

    assert "(external data), artifact.path is a folder that holds both" in _refusal(folder)


def test_a_folder_with_two_onnx_files_is_refused_with_their_names(tmp_path: Path) -> None:
    for name in ("a.onnx", "b.onnx"):
        (tmp_path / "toy" / "two").mkdir(parents=True, exist_ok=True)
        (tmp_path / "toy" / "two" / name).write_bytes(b"")
    digest = folder_digest(tmp_path / "toy" / "two")
    folder = write_toy_bundle(
        tmp_path / "toy", WEIGHTS, changes={"artifact": {"path": "two", "sha256": digest}}
    )

    assert "'two' must hold one .onnx file, found 'a.onnx', 'b.onnx'" in _refusal(folder)


def test_a_file_that_is_written_between_its_check_and_its_loading_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_toy_bundle(tmp_path / "toy", WEIGHTS)
    other = onnx.load_from_string(toy_network(WEIGHTS, 1, "NCHW", 1, [7.0, 7.0]))
    other.doc_string = "of another length"
    load = onnx_runtime.load

    def written_first(source: Source, threads: int) -> Any:
        (folder / "model.onnx").write_bytes(other.SerializeToString())
        return load(source, threads)

    monkeypatch.setattr(onnx_runtime, "load", written_first)

    assert "'model.onnx' was written while it was loaded" in _refusal(folder)


def test_an_empty_file_has_the_digest_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")

    assert file_digest(tmp_path / "empty") == hashlib.sha256().hexdigest()
