"""Every complete model.yaml of docs/bring-your-model.md serves a model of its kind, and `dropsight
models init` writes one that does.

The models are real exports of small networks with random weights, made by the frameworks that the
test environment has.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from dropsight.domain.errors import ManifestInvalid
from dropsight_inference.bundling.first_bundle import Wishes, write_bundle
from dropsight_inference.bundling.trial import try_bundle
from tests.requirements_check import require

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[3] / "docs/bring-your-model.md"
BLOCKS = dict(
    re.findall(r"<!-- bundle: (\S+) -->\n```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8)
    path = tmp_path / "picture.png"
    assert cv2.imwrite(str(path), pixels)
    return path


def _need(*packages: str) -> None:
    for package in packages:
        require(
            importlib.util.find_spec(package),
            f"{package} is not installed (requirements/runtimes.txt)",
        )


def _yolo(path: Path, *, masks: bool, rows: int | None = 1) -> None:
    """(batch, 4 + 2 [+ 3], 400) and prototypes (batch, 3, 160, 160), as Ultralytics' exports."""
    _need("torch", "onnx")
    import torch

    class Head(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = torch.nn.Conv2d(3, 9, 32, stride=32)
            self.prototypes = torch.nn.Conv2d(3, 3, 4, stride=4)

        def forward(self, images: torch.Tensor) -> Any:
            found = self.body(images).flatten(2)
            boxes = 320 + 100 * torch.tanh(found[:, :4])
            table = torch.cat([boxes, torch.sigmoid(found[:, 4:6])], 1)
            if not masks:
                return table
            return torch.cat([table, found[:, 6:]], 1), self.prototypes(images)

    torch.manual_seed(0)
    names = ["output0", "output1"][: 1 + masks]
    open_rows = {name: {0: "batch"} for name in ("images", *names)}
    torch.onnx.export(
        Head().eval(),
        (torch.zeros(rows or 2, 3, 640, 640),),
        path,
        dynamo=False,
        input_names=["images"],
        output_names=names,
        dynamic_axes=None if rows else open_rows,
    )


def _classifier(path: Path) -> None:
    _need("torch", "torchvision")
    import torch
    import torchvision

    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(num_classes=2).state_dict(), path)


def _detector(path: Path) -> None:
    _need("torch", "torchvision")
    import torch
    import torchvision

    torch.manual_seed(0)
    build = torchvision.models.detection.fasterrcnn_mobilenet_v3_large_320_fpn
    network = build(weights=None, weights_backbone=None, num_classes=3)
    torch.save({"model": network.state_dict(), "epoch": 3}, path)


def _keras(path: Path) -> None:
    _need("tensorflow")
    from dropsight_inference.runtimes import import_runtime

    import_runtime("tensorflow")
    import keras

    layers = keras.layers
    base = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(96, 96, 3), alpha=0.35
    )
    image = keras.Input((96, 96, 3))
    found = base(layers.Rescaling(1 / 127.5, offset=-1)(image), training=False)
    found = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(found))
    model = keras.Model(image, layers.Dense(2, activation="softmax")(found))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.save(path)


MAKERS: dict[str, Callable[[Path], None]] = {
    "yolo-detection": lambda path: _yolo(path, masks=False),
    "yolo-segmentation": lambda path: _yolo(path, masks=True),
    "torchvision-classifier": _classifier,
    "torchvision-detector": _detector,
    "keras-h5": _keras,
}


def test_every_complete_model_yaml_of_the_page_is_tried() -> None:
    assert sorted(BLOCKS) == sorted(MAKERS)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_model_yaml_of_the_page_serves_such_a_model(
    tmp_path: Path, picture: Path, name: str
) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    artifact = folder / yaml.safe_load(BLOCKS[name])["artifact"]["path"]
    MAKERS[name](artifact)
    digest = hashlib.sha256(artifact.read_bytes()).hexdigest()
    (folder / "model.yaml").write_text(BLOCKS[name].replace('"..."', digest))

    lines = list(try_bundle(folder, picture))

    assert lines[2].startswith("picture.png: png, 200 x 120, as ")
    if "classif" in name or "keras" in name:
        assert {line.split()[1] for line in lines[3:]} == {"cat", "dog"}
        assert sum(float(line.split()[0]) for line in lines[3:]) == pytest.approx(1, abs=2e-4)
    else:
        assert re.match(r"\d+ candidates, \d+ at or above the threshold", lines[3])


@pytest.mark.parametrize(
    ("name", "file", "wishes"),
    [
        ("yolo-detection", "best.onnx", Wishes()),
        ("yolo-segmentation", "best.onnx", Wishes()),
        (
            "torchvision-classifier",
            "resnet.pth",
            Wishes(architecture="torchvision.models:resnet18"),
        ),
        (
            "torchvision-detector",
            "boxes.pth",
            Wishes(
                architecture="torchvision.models.detection:fasterrcnn_mobilenet_v3_large_320_fpn",
                size=(320, 320),
            ),
        ),
        ("keras-h5", "model.h5", Wishes()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_init_writes_what_the_page_says(
    tmp_path: Path, name: str, file: str, wishes: Wishes
) -> None:
    MAKERS[name](tmp_path / file)
    folder = tmp_path / "My Model"

    write_bundle(tmp_path / file, folder, wishes)

    written = yaml.safe_load((folder / "model.yaml").read_text())
    page = yaml.safe_load(BLOCKS[name])
    assert written["name"] == "my-model"
    assert [label["id"] for label in written["labels"]] == ["label-0", "label-1"]
    for field in ("task", "runtime", "outputs"):
        assert written.get(field) == page.get(field)
    assert {key: written["input"][key] for key in page["input"]} == page["input"]
    (grey, *_) = list(try_bundle(folder, None))[1:]
    assert grey == "a pass over grey images gave what model.yaml says"


def test_the_commands_print_sentences_and_exit_codes(tmp_path: Path, picture: Path) -> None:
    _yolo(tmp_path / "best.onnx", masks=False, rows=None)

    def models(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dropsight.cli.main", "models", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    folder = tmp_path / "cats"
    made = models("init", tmp_path / "best.onnx", "--to", folder, "--labels", "cat,dog")
    assert made.returncode == 0, made.stderr
    assert "detection by onnx, 2 labels" in made.stdout
    again = models("init", tmp_path / "best.onnx", "--to", folder)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    checked = models("check", folder, picture)
    assert checked.returncode == 0, checked.stderr
    assert "candidates" in checked.stdout
    (folder / "model.onnx").write_bytes(b"another file")
    broken = models("check", folder)
    assert (broken.returncode, "artifact.sha256" in broken.stderr) == (1, True)


def test_a_file_that_tells_too_little_says_what_to_add(tmp_path: Path) -> None:
    _need("torch")
    _classifier(tmp_path / "model.pth")

    with pytest.raises(ManifestInvalid, match="name it by --architecture"):
        write_bundle(tmp_path / "model.pth", tmp_path / "bundle", Wishes())
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(ManifestInvalid, match=r"legal endings are \.onnx"):
        write_bundle(tmp_path / "model.bin", tmp_path / "bundle", Wishes())
