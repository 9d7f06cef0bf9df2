"""Checkpoints as training code leaves them, TorchScript, and files that hold more than weights."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.bundle import load_model
from dropsight_inference.runtimes import Differentiable
from tests.requirements_check import require

pytestmark = pytest.mark.unit

require(
    importlib.util.find_spec("torch"),
    "torch is not installed (requirements/runtimes.txt)",
    whole_module=True,
)

import torch  # noqa: E402

from tests.torch_bundle import Corners, write_torch_bundle  # noqa: E402

CORNERS = {"architecture": "tests.torch_bundle:Corners"}
WEIGHTS = Corners().state_dict()
# Blocks of 2 x 2 sum to 4 each: the maps are 4 and 0 after ReLU, the logits 3 * 4 and -4.
ONES = np.ones((1, 1, 4, 4), np.float32)


def _prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in WEIGHTS.items()}


def _saved(stored: Any) -> bytes:
    file = io.BytesIO()
    torch.save(stored, file)
    return file.getvalue()


def _bundle(folder: Path, content: bytes, **changes: Any) -> Path:
    return write_torch_bundle(
        folder, content, path="model.pt", **{"artifact": CORNERS, "explanations": [], **changes}
    )


@pytest.mark.parametrize(
    "stored",
    [
        WEIGHTS,
        {"model": WEIGHTS, "optimizer": {"state": {}}, "epoch": 3},
        {"model_state_dict": WEIGHTS, "loss": 0.5},
        {"state_dict": _prefixed("module."), "epoch": 3},
        _prefixed("_orig_mod."),
        _prefixed("module._orig_mod."),
        # Lightning: the network is an attribute, and the loss has weights of its own.
        {
            "state_dict": {**_prefixed("model."), "loss.weight": torch.ones(2)},
            "pytorch-lightning_version": "2.4.0",
        },
        {"state_dict": _prefixed("classifier.net.")},
    ],
    ids=[
        "state dict",
        "model",
        "model_state_dict",
        "DataParallel",
        "compiled",
        "both",
        "Lightning",
        "attribute of an attribute",
    ],
)
def test_weights_are_found_wherever_training_code_keeps_them(tmp_path: Path, stored: Any) -> None:
    runtime = load_model(_bundle(tmp_path / "toy", _saved(stored)), 1).runtime

    assert runtime.forward(ONES).logits.tolist() == [[12.0, -4.0]]


def test_two_networks_in_one_checkpoint_are_not_guessed_between(tmp_path: Path) -> None:
    content = _saved({"state_dict": {**_prefixed("student."), **_prefixed("teacher.")}})

    with pytest.raises(ManifestInvalid, match=r"more than once, under student\., teacher\."):
        load_model(_bundle(tmp_path / "toy", content), 1)


def test_what_does_not_fit_is_named_in_one_sentence(tmp_path: Path) -> None:
    stored = {
        "model.blocks.weight": WEIGHTS["blocks.weight"],
        "model.head.weight": torch.zeros(5, 2),
        "model.head.bias": torch.zeros(5),
    }

    with pytest.raises(ManifestInvalid) as raised:
        load_model(_bundle(tmp_path / "toy", _saved(stored)), 1)

    assert (
        "not in the network: head.bias; of another shape in the file: head.weight (5, 2), the "
        "network has (2, 2)" in str(raised.value)
    )


def test_a_whole_pickled_model_says_how_to_save_its_weights(tmp_path: Path) -> None:
    for artifact in (CORNERS, {}):
        folder = tmp_path / f"with-{len(artifact)}"
        with pytest.raises(ManifestInvalid) as raised:
            load_model(_bundle(folder, _saved(Corners()), artifact=artifact), 1)

        assert "tests.torch_bundle.Corners" in str(raised.value)
        assert "torch.save(stored.state_dict(), 'weights.pt')" in str(raised.value)


def test_torchscript_is_served_but_not_looked_into(tmp_path: Path) -> None:
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(Corners().eval()), file)
    runtime = load_model(_bundle(tmp_path / "toy", file.getvalue(), artifact={}), 1).runtime

    assert runtime.forward(np.repeat(ONES, 3, axis=0)).logits.tolist() == [[12.0, -4.0]] * 3
    assert not isinstance(runtime, Differentiable)
    explained = _bundle(
        tmp_path / "explained",
        file.getvalue(),
        artifact={},
        explanations=[{"method": "grad-cam"}],
    )
    with pytest.raises(ManifestInvalid, match="found grad-cam, but the artifact is TorchScript"):
        load_model(explained, 1)


def test_a_softmax_is_not_taken_for_logits(tmp_path: Path) -> None:
    class Probabilities(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = Corners()

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return torch.softmax(self.network(image), dim=1)

    file = io.BytesIO()
    torch.jit.save(torch.jit.script(Probabilities().eval()), file)

    with pytest.raises(ManifestInvalid, match=r"never negative and sums to one; legal .* 'prob"):
        load_model(_bundle(tmp_path / "toy", file.getvalue(), artifact={}), 1)
