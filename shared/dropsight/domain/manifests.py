"""`model.yaml`: what a bundle says of itself. Loading checks all of it.

Each error names the field, what was found and what is legal.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.identity import digest
from dropsight.domain.manifest_checks import check_consistency
from dropsight.domain.manifest_input import InputSpec, ManifestRecord, Positive, Window
from dropsight.domain.thresholds import fill_thresholds
from dropsight.domain.wire import described

__all__ = [
    "ALL_FORMATS",
    "KERAS_FILES",
    "PALETTE",
    "Accepts",
    "ArtifactFile",
    "BoxOutput",
    "Calibration",
    "Candidates",
    "ExplanationSpec",
    "Format",
    "InputSpec",
    "InstanceOutput",
    "Label",
    "Manifest",
    "ManifestRecord",
    "Outputs",
    "RuntimeName",
    "Task",
    "Window",
    "load_manifest",
    "load_manifests",
    "parse_manifest",
]

Task = Literal["classification", "detection", "segmentation", "module"]
RuntimeName = Literal["onnx", "torch", "tensorflow", "module"]
Format = Literal["dicom", "png", "jpeg", "tiff", "webp", "bmp"]
UnitFloat = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]

KERAS_FILES = (".keras", ".h5", ".hdf5")
"""Endings of the TensorFlow artifacts that have layers. Others are folders: a SavedModel."""

ALL_FORMATS: list[Format] = ["dicom", "png", "jpeg", "tiff", "webp", "bmp"]

PALETTE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#0072B2", "#999999"
)  # fmt: skip
"""Okabe and Ito (2008), told apart with any colour vision; grey in the place of their black."""


class ArtifactFile(ManifestRecord, kw_only=True, frozen=True, omit_defaults=True):
    path: str
    """A file or folder: relative to model.yaml, `gs://bucket/object`, `models:/name/version`,
    `models:/name@alias` or `runs:/id/path`."""
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    """Of a folder: the SHA-256 of what `sha256sum` prints of its files, sorted by name."""
    architecture: str | None = None
    """torch: what builds the network that a state dict fills. `package.module:callable`,
    `file.py:callable` (beside model.yaml) or `timm:NAME`. Missing: an exported program."""
    arguments: dict[str, Any] = {}
    """Keyword arguments of `architecture`."""
    callable: str | None = None
    """module: `module:Class`, imported from the folder `path`, or from the folder of that file."""
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """module: processes, each of which makes its own instance."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 50.0
    """module: the longest call. A worker's lease (DROPSIGHT_LEASE_S) should be longer."""


class BoxOutput(ManifestRecord, kw_only=True, frozen=True):
    """A YOLO-style head: one tensor of candidates. Boxes are in pixels of the input, scores in
    [0, 1], after the sigmoid.

        yolov8   (batch, 4 + labels, anchors)  box, score by label
        yolov6   (batch, anchors, 5 + labels)  box, objectness, score by label (also YOLOv5)
        end2end  (batch, objects, 6)           left, top, right, bottom, score, position of label

    Boxes of the first two are centre x, centre y, width, height, before any suppression. With
    `prototypes`, c mask coefficients follow in each candidate.
    """

    name: str
    layout: Literal["yolov8", "yolov6", "end2end"]
    prototypes: str | None = None
    """Segmentation: name of (batch, c, h, w). A mask is sigmoid(coefficients @ prototypes), cut
    off at its box."""


class InstanceOutput(ManifestRecord, kw_only=True, frozen=True):
    """The outputs of torchvision's networks for detection: names of tensors, for one image each.

    boxes (n, 4) left, top, right, bottom in pixels of the input; labels (n,) integers; scores (n,)
    in [0, 1]; masks (n, 1, height, width) of the input's size, in [0, 1], read by task
    segmentation alone.
    """

    boxes: str = "boxes"
    labels: str = "labels"
    scores: str = "scores"
    masks: str = "masks"
    first_label: int = 1
    """What the model calls the first of `labels`; torchvision keeps 0 for the background."""


class Outputs(ManifestRecord, kw_only=True, frozen=True):
    """Names of the model's output tensors."""

    logits: str | None = None
    """Classification: float32 (batch, labels). `logits` where it is not named."""
    values: Literal["logits", "probabilities"] = "logits"
    """What `logits` holds: before softmax or sigmoid, or after it."""
    activations: str | None = None
    """Classification: float32 (batch, labels, h, w), class activation maps before ReLU, for
    Grad-CAM."""
    boxes: BoxOutput | None = None
    """Detection, and with its `prototypes` segmentation."""
    instances: InstanceOutput | None = None
    """Segmentation, and without masks detection."""


class Candidates(ManifestRecord, kw_only=True, frozen=True):
    """Which objects of detection and segmentation reach the result document.

    They are kept from a low score up, so that a client can move the confidence and the IoU
    threshold without another inference.
    """

    minimum_score: UnitFloat = 0.01
    maximum: Positive = 1000
    """For each frame, the strongest; the document's size may allow fewer."""
    iou: UnitFloat = 0.45
    """Above this IoU the weaker of two objects of one label is not shown, unless a client asks
    for another threshold."""


class Accepts(ManifestRecord, kw_only=True, frozen=True):
    """The input contract. An empty list takes everything."""

    formats: list[Format] = msgspec.field(default_factory=lambda: list(ALL_FORMATS))
    modality: list[str] = []
    body_part: list[str] = []
    view: list[str] = []
    minimum_size: tuple[int, int] = (1, 1)
    """(width, height) in pixels."""


class Label(ManifestRecord, kw_only=True, frozen=True):
    id: Annotated[str, msgspec.Meta(min_length=1)]
    name: dict[str, str] = {}
    """Display name by language (BCP 47)."""
    threshold: UnitFloat = 0.5
    """Positive at or above it: a calibrated probability, or a score (then 0.1 if not stated)."""
    color: Annotated[str, msgspec.Meta(pattern="^#[0-9a-fA-F]{6}$")] | None = None
    """Of its boxes and masks; where there is none, one of `PALETTE` by the label's position."""

    def display_name(self, language: str = "en") -> str:
        return self.name.get(language) or self.name.get("en") or self.id


class Calibration(ManifestRecord, kw_only=True, frozen=True):
    """Temperature scaling (Guo et al., 2017): probability = sigmoid(logit / temperature)."""

    temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0


class ExplanationSpec(ManifestRecord, kw_only=True, frozen=True):
    method: Literal["grad-cam", "lime"]
    labels: Literal["positive", "all", "top"] = "positive"
    """`positive`: each label at or above its threshold, or the most probable one if none is."""
    parameters: dict[str, Any] = {}


class Manifest(ManifestRecord, kw_only=True, frozen=True, dict=True):
    schema_version: Literal[1] = 1
    name: Slug
    version: str
    task: Task
    multi_label: bool = False
    runtime: RuntimeName
    artifact: ArtifactFile
    outputs: Outputs = Outputs()
    input: InputSpec
    accepts: Accepts = msgspec.field(default_factory=Accepts)
    routed_by_attributes: bool = True
    """Whether a DICOM file in the root of the bucket may come here by its Modality and Body Part
    Examined. False where another model of the same input contract is meant to have it."""
    labels: Annotated[list[Label], msgspec.Meta(min_length=1)]
    calibration: Calibration = Calibration()
    candidates: Candidates = Candidates()
    explanations: list[ExplanationSpec] = []
    licence: str
    intended_use: str

    def label(self, label_id: str) -> Label:
        """The label with this id. Raises KeyError."""
        for label in self.labels:
            if label.id == label_id:
                return label
        raise KeyError(label_id)

    @property
    def has_gradients(self) -> bool:
        """Whether its runtime can differentiate it, as far as the manifest tells.

        A SavedModel has no layers; of a model elsewhere only the container sees what it is.
        """
        path = self.artifact.path
        may_have_layers = path.endswith(KERAS_FILES) or ":/" in path
        return self.runtime == "torch" or (self.runtime == "tensorflow" and may_have_layers)

    @property
    def has_grad_cam(self) -> bool:
        """By gradients, or by activations that the model gives out."""
        return self.has_gradients or self.outputs.activations is not None

    @functools.cached_property
    def colors(self) -> dict[str, str]:
        """`#rrggbb` of each label by id, the same for every upload."""
        return {
            label.id: label.color or PALETTE[position % len(PALETTE)]
            for position, label in enumerate(self.labels)
        }

    @functools.cached_property
    def digest(self) -> str:
        """Identity of the model version: SHA-256 over all of model.yaml but the explanations and
        the way that files come here.

        The artifact's own SHA-256 is part of it.
        """
        plain = msgspec.to_builtins(self)
        del plain["explanations"], plain["routedByAttributes"]
        return digest(plain)

    @functools.cached_property
    def explanation_digest(self) -> str:
        """Identity of the explanation settings."""
        return digest(msgspec.to_builtins(self.explanations))


def parse_manifest(text: str, where: str = "model.yaml") -> Manifest:
    """Read and check the text of a model.yaml. Raises ManifestInvalid."""
    try:
        plain = yaml.safe_load(text)
        fill_thresholds(plain)
        manifest = msgspec.convert(plain, described(Manifest))
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ManifestInvalid(f"{where}: {error}") from error
    check_consistency(manifest, where)
    return manifest


def load_manifest(folder: Path) -> Manifest:
    """Read `folder/model.yaml`. Raises ManifestInvalid."""
    path = folder / "model.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ManifestInvalid(f"{path}: cannot be read ({error.strerror})") from error
    return parse_manifest(text, str(path))


def load_manifests(models: Path, serve: str = "") -> dict[str, Manifest]:
    """Bundles `models/<name>/model.yaml`, by name: all, or those that `serve` names, separated by
    commas (`Settings.serve`). Raises ManifestInvalid if there is none, or one is missing."""
    folders = sorted(path.parent for path in models.glob("*/model.yaml"))
    if not folders:
        raise ManifestInvalid(
            f"{models}: found no <name>/model.yaml; point DROPSIGHT_MODELS at a folder of bundles"
        )
    manifests: dict[str, Manifest] = {}
    for folder in folders:
        manifest = load_manifest(folder)
        if manifest.name in manifests:
            raise ManifestInvalid(
                f"{folder / 'model.yaml'}: name: {manifest.name!r} is also the name of another "
                "bundle; names must differ"
            )
        manifests[manifest.name] = manifest
    named = {name.strip() for name in serve.split(",") if name.strip()}
    if unknown := named - manifests.keys():
        raise ManifestInvalid(
            f"DROPSIGHT_SERVE: found {', '.join(sorted(unknown))}, legal are "
            f"{', '.join(sorted(manifests))} (the bundles in {models})"
        )
    return {name: one for name, one in manifests.items() if not named or name in named}
