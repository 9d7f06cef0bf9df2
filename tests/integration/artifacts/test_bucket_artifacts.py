"""Bundles whose weights are in a bucket, over HTTP, and the cache that keeps them."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import yaml

from dropsight.adapters.artifacts import bucket as bucket_module
from dropsight.adapters.artifacts.cache import cached
from dropsight.adapters.artifacts.digests import folder_digest
from dropsight.adapters.gcp.objects import CloudObjectStore
from dropsight.adapters.gcp.session import STORAGE, Session
from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.bundle import load_model
from tests.emulators.object_server import ObjectServer
from tests.toy_bundle import write_toy_bundle

pytestmark = pytest.mark.integration

WEIGHTS = np.ones((2, 4, 4), np.float32)
WHITE = np.ones((1, 1, 4, 4), np.float32)


@pytest.fixture
def store(object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> CloudObjectStore:
    """Has an empty bucket `weights`; what is loaded in this process comes from there."""
    object_server.objects.clear("weights")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", object_server.address)
    return CloudObjectStore(Session(STORAGE))


def _moved_to_bucket(folder: Path, store: CloudObjectStore, name: str) -> Path:
    """The bundle's weights, taken out of its folder."""
    weights = folder / "model.onnx"
    store.write("weights", name, weights.read_bytes())
    weights.unlink()
    manifest = yaml.safe_load((folder / "model.yaml").read_text())
    manifest["artifact"]["path"] = f"gs://weights/{name}"
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest))
    return folder


def test_a_model_is_served_from_a_bucket_and_the_second_start_asks_nobody(
    tmp_path: Path, store: CloudObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_toy_bundle(tmp_path / "toy", WEIGHTS, bias=[0.0, 2.0])
    _moved_to_bucket(folder, store, "models/toy/model.onnx")

    first = load_model(folder, 1, tmp_path / "cache")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1")  # nobody listens there
    second = load_model(folder, 1, tmp_path / "cache")

    # Sixteen ones, and the bias.
    assert first.runtime.forward(WHITE).logits.tolist() == [[16.0, 18.0]]
    assert second.runtime.forward(WHITE).logits.tolist() == [[16.0, 18.0]]


def test_other_bytes_are_refused_and_leave_no_file(tmp_path: Path, store: CloudObjectStore) -> None:
    folder = _moved_to_bucket(write_toy_bundle(tmp_path / "toy", WEIGHTS), store, "model.onnx")
    info = store.write("weights", "model.onnx", b"other bytes")
    stated = yaml.safe_load((folder / "model.yaml").read_text())["artifact"]["sha256"]

    with pytest.raises(ManifestInvalid) as raised:
        load_model(folder, 1, tmp_path / "cache")

    message = str(raised.value)
    assert f"gs://weights/model.onnx, generation {info.generation}, has SHA-256" in message
    assert hashlib.sha256(b"other bytes").hexdigest() in message
    assert f"artifact.sha256 says {stated}" in message
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_prefix_is_a_folder_with_the_names_below_it(
    tmp_path: Path, store: CloudObjectStore
) -> None:
    local = tmp_path / "saved"
    for name, content in {
        "saved_model.pb": b"graph",
        "variables/v.index": b"1",
        "v/ü": b"",
    }.items():
        path = local / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        store.write("weights", f"a/saved/{name}", content)
    store.write(
        "weights", "a/saved/variables/", b""
    )  # the console makes such an object for a folder
    store.write("weights", "a/saved2/other", b"not below the prefix")

    for reference in ("gs://weights/a/saved", "gs://weights/a/saved/"):
        found = cached(reference, folder_digest(local), tmp_path / f"cache{len(reference)}")

        assert found.name == "saved"
        assert folder_digest(found) == folder_digest(local)
        assert (found / "variables/v.index").read_bytes() == b"1"


def test_names_that_lead_out_of_the_folder_are_refused(
    tmp_path: Path, store: CloudObjectStore
) -> None:
    store.write("weights", "a/saved/../../escaped", b"x")

    with pytest.raises(ManifestInvalid, match="which is no file name"):
        cached("gs://weights/a/saved", "0" * 64, tmp_path / "cache")
    assert not list(tmp_path.rglob("escaped"))


def test_what_is_not_there_is_said(tmp_path: Path, store: CloudObjectStore) -> None:
    folder = _moved_to_bucket(write_toy_bundle(tmp_path / "toy", WEIGHTS), store, "model.onnx")
    store.delete("weights", "model.onnx")

    with pytest.raises(
        ManifestInvalid, match=r"model.yaml: artifact: gs://weights/model.onnx: fou"
    ):
        load_model(folder, 1, tmp_path / "cache")


def test_a_copy_that_was_damaged_on_the_disk_is_fetched_again(
    tmp_path: Path, store: CloudObjectStore
) -> None:
    store.write("weights", "w.bin", b"good")
    sha256 = hashlib.sha256(b"good").hexdigest()
    kept = cached("gs://weights/w.bin", sha256, tmp_path)
    kept.write_bytes(b"bad!")

    assert cached("gs://weights/w.bin", sha256, tmp_path) == kept
    assert kept.read_bytes() == b"good"


def test_what_a_killed_process_left_behind_is_cleared_away(
    tmp_path: Path, store: CloudObjectStore
) -> None:
    store.write("weights", "w.bin", b"good")
    sha256 = hashlib.sha256(b"good").hexdigest()
    (tmp_path / f"{sha256}.part").mkdir()
    (tmp_path / f"{sha256}.part" / "w.bin").write_bytes(b"go")

    assert cached("gs://weights/w.bin", sha256, tmp_path).read_bytes() == b"good"
    assert not (tmp_path / f"{sha256}.part").exists()


def test_six_processes_that_start_together_download_once(
    tmp_path: Path, store: CloudObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(3_000_000)
    store.write("weights", "w.bin", content)
    sha256 = hashlib.sha256(content).hexdigest()
    spawn = multiprocessing.get_context("spawn")
    asked = [(sha256, str(tmp_path / "cache"))] * 6

    with spawn.Pool(6) as pool:
        answers = pool.map(_cached_in_a_process, asked, chunksize=1)

    assert {digest for digest, _ in answers} == {sha256}
    assert Counter(downloads for _, downloads in answers) == {0: 5, 1: 1}


def _cached_in_a_process(asked: tuple[str, str]) -> tuple[str, int]:
    """SHA-256 of what is found, and how often this process downloaded it."""
    with mock.patch.object(
        bucket_module, "fetch_from_bucket", wraps=bucket_module.fetch_from_bucket
    ) as download:
        path = cached("gs://weights/w.bin", asked[0], Path(asked[1]))
    return hashlib.sha256(path.read_bytes()).hexdigest(), download.call_count
