"""State dicts of torchvision's networks, as their users save them, against the networks."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropsight.domain.frames import Frame
from dropsight.domain.rle import decode_mask
from dropsight_inference.bundle import load_model
from dropsight_inference.engine import Engine
from dropsight_inference.metrics import Metrics
from dropsight_inference.runtimes import Differentiable
from tests.requirements_check import require

pytestmark = pytest.mark.unit

for package in ("torch", "torchvision"):
    require(
        importlib.util.find_spec(package),
        f"{package} is not installed (requirements/runtimes.txt)",
        whole_module=True,
    )

import torch  # noqa: E402
import torchvision  # noqa: E402

from tests.torch_bundle import state_dict_bytes, write_torch_bundle  # noqa: E402

SIDE = 96
LABELS = [{"id": name, "threshold": 0.3} for name in ("pit", "crack", "dent")]
RGB = {"width": SIDE, "height": SIDE, "channels": 3}
BACKBONE = {"weights": None, "weights_backbone": None}
SMALL = {"min_size": SIDE, "max_size": SIDE}
DETECTORS: list[tuple[str, dict[str, Any]]] = [
    ("fasterrcnn_mobilenet_v3_large_320_fpn", {**SMALL, "box_score_thresh": 0.001}),
    ("retinanet_resnet50_fpn", {**SMALL, "score_thresh": 0.001}),
    ("ssdlite320_mobilenet_v3_large", {"score_thresh": 0.001}),
]


def _network(name: str, arguments: dict[str, Any], labels: int = 4) -> torch.nn.Module:
    torch.manual_seed(0)
    build = getattr(torchvision.models.detection, name)
    network: torch.nn.Module = build(**BACKBONE, **arguments, num_classes=labels).eval()
    return network


def _bundle(folder: Path, network: torch.nn.Module, task: str, name: str, arguments: Any) -> Path:
    architecture = f"torchvision.models.detection:{name}"
    return write_torch_bundle(
        folder,
        state_dict_bytes(network),
        path="model.pth",
        artifact={"architecture": architecture, "arguments": arguments},
        task=task,
        outputs={"instances": {}},
        input=RGB,
        labels=LABELS,
        explanations=[],
        candidates={"minimumScore": 0.0},
    )


def _frame(rows: int) -> Frame:
    pixels = np.random.default_rng(1).integers(0, 256, (rows, SIDE, SIDE, 3), np.uint8)
    return Frame(pixels, SIDE, SIDE, (0, 0, SIDE, SIDE))


def _images(frame: Frame) -> list[torch.Tensor]:
    return [torch.from_numpy(one.transpose(2, 0, 1).copy()).float() / 255 for one in frame.pixels]


@pytest.mark.parametrize(("name", "arguments"), DETECTORS, ids=[one[0] for one in DETECTORS])
def test_a_detector_finds_what_it_finds_in_a_list_of_images(
    tmp_path: Path, name: str, arguments: dict[str, Any]
) -> None:
    network = _network(name, arguments)
    folder = _bundle(tmp_path / "toy", network, "detection", name, arguments)
    engine = Engine({"toy": load_model(folder, 1)}, 2, 5.0, Metrics())
    frame = _frame(2)

    findings = engine.predict("toy", frame).findings
    engine.close()

    with torch.inference_mode():
        answers = network(_images(frame))
    for index, answer in enumerate(answers):
        found = [one for one in findings if one.frame == index]
        # A label of the network is one more than its place in model.yaml: 0 is the background.
        sides = answer["boxes"][:, 2:] - answer["boxes"][:, :2]
        expected = sorted(
            (
                (-round(round(float(score), 6), 4), LABELS[int(label) - 1]["id"])
                for score, label, side in zip(
                    answer["scores"], answer["labels"], sides, strict=True
                )
                if side.min() >= 0.001 and label > 0  # RetinaNet scores the background as well
            ),
        )
        assert expected
        assert sorted((-round(one.probability, 4), one.label) for one in found) == expected


def test_masks_of_mask_r_cnn_are_those_of_the_network(tmp_path: Path) -> None:
    arguments = {**SMALL, "box_score_thresh": 0.001, "box_detections_per_img": 5}
    network = _network("maskrcnn_resnet50_fpn", arguments)
    folder = _bundle(tmp_path / "toy", network, "segmentation", "maskrcnn_resnet50_fpn", arguments)
    engine = Engine({"toy": load_model(folder, 1)}, 2, 5.0, Metrics())
    frame = _frame(1)

    findings = engine.predict("toy", frame).findings
    engine.close()

    with torch.inference_mode():
        (answer,) = network(_images(frame))
    assert len(findings) == len(answer["scores"]) > 0
    for finding, box, mask in zip(findings, answer["boxes"], answer["masks"], strict=True):
        assert finding.mask is not None
        assert finding.box is not None
        assert finding.box[:2] == pytest.approx(box[:2].tolist(), abs=0.002)
        inside = np.zeros((SIDE, SIDE), bool)
        left, top, right, bottom = box.tolist()
        inside[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
        assert np.array_equal(decode_mask(finding.mask), (mask[0].numpy() >= 0.5) & inside)


def test_a_classifier_gets_its_number_of_labels_and_no_weights_of_a_hub(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None, num_classes=3).eval()
    folder = write_torch_bundle(
        tmp_path / "toy",
        state_dict_bytes(network),
        path="resnet18.pth",
        artifact={"architecture": "torchvision.models:resnet18"},
        input=RGB,
        labels=LABELS,
        explanations=[{"method": "grad-cam", "parameters": {"layer": "layer3"}}],
    )
    runtime = load_model(folder, 1).runtime
    batch = np.random.default_rng(0).normal(size=(2, 3, SIDE, SIDE)).astype(np.float32)

    with torch.inference_mode():
        expected = network(torch.from_numpy(batch)).numpy()
    assert runtime.forward(batch).logits == pytest.approx(expected, abs=1e-5)
    assert isinstance(runtime, Differentiable)
    assert runtime.gradients(batch, [0], None).layer == "layer4"
    assert runtime.gradients(batch, [0], "layer3").activations.shape == (256, 6, 6)
