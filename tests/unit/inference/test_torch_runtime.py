"""PyTorch bundles: what loads, what is refused, and Grad-CAM by gradients on a 4 x 4 image."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropsight.domain.errors import ExplanationUnavailable, ManifestInvalid
from dropsight.domain.frames import Frame
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from dropsight_inference.runtimes import Differentiable
from tests.requirements_check import require

pytestmark = pytest.mark.unit

require(
    importlib.util.find_spec("torch"),
    "torch is not installed (requirements/runtimes.txt)",
    whole_module=True,
)

import torch  # noqa: E402

from tests.torch_bundle import (  # noqa: E402
    Corners,
    program_bytes,
    state_dict_bytes,
    write_torch_bundle,
)

CORNERS = {"architecture": "tests.torch_bundle:Corners"}
# Blocks of 2 x 2: sums 4, 0 over 0, 8. Maps after ReLU: the same, and nothing but zeros.
IMAGE = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 2, 2], [0, 0, 2, 2]], np.float32)


def _program(folder: Path) -> Path:
    return write_torch_bundle(folder, program_bytes(Corners()))


def _state_dict(folder: Path) -> Path:
    content = state_dict_bytes(Corners())
    return write_torch_bundle(folder, content, path="model.pt", artifact=CORNERS)


@pytest.mark.parametrize("write", [_program, _state_dict])
def test_both_kinds_of_artifact_give_the_same_logits(tmp_path: Path, write: Any) -> None:
    runtime = load_model(write(tmp_path / "toy"), 1).runtime

    for rows in (1, 3):
        outputs = runtime.forward(np.repeat(IMAGE[None, None], rows, axis=0))
        # Means over four positions: 12 / 4 = 3 and 0.
        assert outputs.logits.tolist() == [[9.0, -3.0]] * rows
        assert outputs.activations is None


@pytest.mark.parametrize("write", [_program, _state_dict])
def test_gradients_of_the_last_maps_are_the_weights_of_the_head_over_the_positions(
    tmp_path: Path, write: Any
) -> None:
    runtime = load_model(write(tmp_path / "toy"), 1).runtime
    assert isinstance(runtime, Differentiable)

    found = runtime.gradients(IMAGE[None, None], [1, 0], None)

    assert found.layer == "relu"
    assert found.activations.tolist() == [[[4, 0], [0, 8]], [[0, 0], [0, 0]]]
    assert found.weights.tolist() == [[-0.25, 0.5], [0.75, 0.25]]


def test_gradients_of_a_layer_by_name_pass_through_what_follows_it(tmp_path: Path) -> None:
    runtime = load_model(_state_dict(tmp_path / "toy"), 1).runtime
    assert isinstance(runtime, Differentiable)

    found = runtime.gradients(IMAGE[None, None], [0], "blocks")

    assert found.activations.tolist() == [[[4, 0], [0, 8]], [[-4, 0], [0, -8]]]
    # ReLU lets through what is positive: two of four positions of the first map, none of the other.
    assert found.weights.tolist() == [[0.375, 0.0]]


def test_a_layer_that_writes_in_place_can_be_explained(tmp_path: Path) -> None:
    content = state_dict_bytes(Corners())
    artifact = {**CORNERS, "arguments": {"in_place": True}}
    folder = write_torch_bundle(tmp_path / "toy", content, path="model.pt", artifact=artifact)
    runtime = load_model(folder, 1).runtime
    assert isinstance(runtime, Differentiable)

    found = runtime.gradients(IMAGE[None, None], [0], "blocks")

    assert found.activations[1].tolist() == [[-4, 0], [0, -8]]
    assert found.weights.tolist() == [[0.375, 0.0]]


def test_grad_cam_by_gradients_is_that_of_exported_activations_over_the_positions(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(3)
    pixels = random.integers(0, 256, (1, 4, 4, 1), np.uint8)
    network = Corners()
    with torch.no_grad():
        for weight in (network.blocks.weight, network.head.weight):
            weight.copy_(torch.from_numpy(random.normal(size=weight.shape).astype(np.float32)))
    image = torch.from_numpy(pixels[0, None, ..., 0].astype(np.float32) / 255)[None]
    features = network.relu(network.blocks(image))
    exported = torch.einsum("lc,bchw->blhw", network.head.weight, features).detach().numpy()[0]
    folder = write_torch_bundle(tmp_path / "toy", program_bytes(network))
    engine = Engine({"toy": load_model(folder, 1)}, 8, 5.0, Metrics())

    found = engine.explain(
        "toy", Frame(pixels, 4, 4, (0, 0, 4, 4)), "grad-cam", ["one", "two"], 0, {}
    )
    engine.close()

    for attribution, activations in zip(found, exported, strict=True):
        # The corners of the stretched map are the corners of the map itself.
        corners = attribution.heatmap[::3, ::3]
        assert corners == pytest.approx(np.maximum(activations, 0) / 4, abs=1e-6)
        assert attribution.parameters["layer"] == "relu"
        assert attribution.parameters["grid"] == [2, 2]


def test_a_layer_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    runtime = load_model(_state_dict(tmp_path / "toy"), 1).runtime
    assert isinstance(runtime, Differentiable)

    with pytest.raises(ExplanationUnavailable, match="found 'conv9', legal are blocks, relu, pool"):
        runtime.gradients(IMAGE[None, None], [0], "conv9")
    with pytest.raises(ExplanationUnavailable, match=r"'head' .* no tensor of 4 axes"):
        runtime.gradients(IMAGE[None, None], [0], "head")


def test_an_architecture_beside_model_yaml_and_a_checkpoint_of_several_devices(
    tmp_path: Path,
) -> None:
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2, bias=False))
    torch.nn.init.ones_(network[1].weight)
    stored = {"epoch": 3, "state_dict": {"module." + k: v for k, v in network.state_dict().items()}}
    path = tmp_path / "checkpoint.pt"
    torch.save(stored, path)
    folder = write_torch_bundle(
        tmp_path / "toy",
        path.read_bytes(),
        path="model.pt",
        artifact={"architecture": "network.py:build", "arguments": {"labels": 2}},
    )
    (folder / "network.py").write_text(
        "from torch import nn\n"
        "def build(labels):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(16, labels, bias=False))\n"
    )

    runtime = load_model(folder, 1).runtime

    assert runtime.forward(np.ones((1, 1, 4, 4), np.float32)).logits.tolist() == [[16.0, 16.0]]


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("code ran",))


def test_a_pickle_with_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"weight": _Evil()}, path)
    folder = write_torch_bundle(
        tmp_path / "toy", path.read_bytes(), path="model.pt", artifact=CORNERS
    )

    with pytest.raises(ManifestInvalid, match="weights_only=True"):
        load_model(folder, 1)
    assert "code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("artifact", "changes", "expected"),
    [
        ({"architecture": "tests.torch_bundle"}, {}, "artifact.architecture: found 'tests.torch"),
        ({"architecture": "no.such:Net"}, {}, "'no.such' cannot be imported (ModuleNotFoundError"),
        ({"architecture": "tests.torch_bundle:Net"}, {}, "has no class or function 'Net'"),
        ({**CORNERS, "arguments": {"depth": 3}}, {}, "artifact.arguments {'depth': 3} raised Type"),
        ({"architecture": "torch.nn:Flatten"}, {}, "does not fit artifact.architecture"),
        ({}, {}, "is no exported program that torch"),
        (CORNERS, {"labels": [{"id": "one"}]}, "gives logits of shape (2, 2), with 1 labels"),
    ],
)
def test_each_refusal_names_the_field(
    tmp_path: Path, artifact: dict[str, Any], changes: dict[str, Any], expected: str
) -> None:
    content = state_dict_bytes(Corners())
    folder = write_torch_bundle(
        tmp_path / "toy", content, path="model.pt", artifact=artifact, **changes
    )

    with pytest.raises(ManifestInvalid) as raised:
        load_model(folder, 1)

    assert expected in str(raised.value)


def test_a_program_with_a_fixed_batch_size_is_refused(tmp_path: Path) -> None:
    folder = write_torch_bundle(tmp_path / "toy", program_bytes(Corners(), dynamic=False))

    with pytest.raises(ManifestInvalid, match="fixed batch size of 2; export it with dynamic_sh"):
        load_model(folder, 1)


def test_timm_networks_get_their_number_of_labels_and_channels(tmp_path: Path) -> None:
    require(importlib.util.find_spec("timm"), "timm is not installed (requirements/runtimes.txt)")
    import timm

    network = timm.create_model("resnet10t", num_classes=2, in_chans=1).eval()
    spec = {"width": 64, "height": 64, "channels": 1}
    folder = write_torch_bundle(
        tmp_path / "toy",
        state_dict_bytes(network),
        path="model.pt",
        artifact={"architecture": "timm:resnet10t"},
        input=spec,
    )
    runtime = load_model(folder, 1).runtime
    batch = np.random.default_rng(0).normal(size=(2, 1, 64, 64)).astype(np.float32)

    with torch.inference_mode():
        expected = network(torch.from_numpy(batch)).numpy()
    assert runtime.forward(batch).logits == pytest.approx(expected, abs=1e-5)
    assert isinstance(runtime, Differentiable)
    assert runtime.gradients(batch, [0], None).layer == "layer4"


def test_missing_timm_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    content = state_dict_bytes(Corners())
    artifact = {"architecture": "timm:resnet10t"}
    folder = write_torch_bundle(tmp_path / "toy", content, path="model.pt", artifact=artifact)

    with pytest.raises(ManifestInvalid, match="pip install timm"):
        load_model(folder, 1)


def test_missing_torch_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _state_dict(tmp_path / "toy")
    monkeypatch.delitem(sys.modules, "dropsight_inference.runtimes.torch", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(ManifestInvalid, match=r"pip install 'dropsight-inference\[torch\]"):
        load_model(folder, 1)
