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
from dropsight.domain.wire import Record, described

Task = Literal["classification", "detection", "segmentation", "module"]
RuntimeName = Literal["onnx", "torch", "tensorflow", "module"]
Format = Literal["dicom", "png", "jpeg", "tiff", "webp", "bmp"]
Positive = Annotated[int, msgspec.Meta(gt=0)]
UnitFloat = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Slug = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]

KERAS_FILES = (".keras", ".h5", ".hdf5")
"""Endings of the TensorFlow artifacts that have layers. Others are folders: a SavedModel."""

ALL_FORMATS: list[Format] = ["dicom", "png", "jpeg", "tiff", "webp", "bmp"]

PALETTE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#0072B2", "#999999"
)  # fmt: skip
"""Okabe and Ito (2008), told apart with any colour vision; grey in the place of their black."""


class ManifestRecord(Record, forbid_unknown_fields=True, frozen=True):
    """A misspelt field is an error here: nobody sends us a newer model.yaml by accident."""


class ArtifactFile(ManifestRecord, kw_only=True, frozen=True, omit_defaults=True):
    path: str
    """Relative to model.yaml, `gs://…` or an MLflow model URI."""
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


class Window(ManifestRecord, kw_only=True, frozen=True):
    """A fixed VOI window in units after the Modality LUT; overrides the file's own."""

    center: float
    width: Annotated[float, msgspec.Meta(gt=0)]


class InputSpec(ManifestRecord, kw_only=True, frozen=True):
    width: Positive
    height: Positive
    channels: Literal[1, 3]
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    dtype: Literal["float32"] = "float32"
    resize: Literal["stretch", "letterbox", "crop"] = "stretch"
    interpolation: Literal["area", "linear"] = "area"
    """Where an axis shrinks: the mean of the pixels that are covered, or two neighbours on each
    axis, as `cv2.INTER_LINEAR` and the training code of YOLO do. What grows is always linear."""
    padding: UnitFloat = 0.0
    """Intensity around a letterboxed image: 0 black, 1 white; YOLO's grey is 114 / 255."""
    channel_order: Literal["rgb", "bgr"] = "rgb"
    """Of the network; `mean` and `std` are in the same order."""
    scale: float = 1.0
    """What intensity 1.0 (full scale) becomes before mean and std: 1.0, or 255.0."""
    mean: list[float] = msgspec.field(default_factory=lambda: [0.0])
    std: list[float] = msgspec.field(default_factory=lambda: [1.0])
    """One value, or one for each channel: input = (intensity * scale - mean) / std."""
    window: Window | None = None
    maximum_batch: Positive | None = None
    """Frames in one forward pass at most; 1 for a model that was exported for a single image."""


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
    """Operating point in calibrated probability: positive at or above it."""
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
    def has_grad_cam(self) -> bool:
        """By gradients, or by activations that the model gives out."""
        if self.runtime == "tensorflow":
            return self.artifact.path.endswith(KERAS_FILES)
        return self.runtime == "torch" or self.outputs.activations is not None

    @functools.cached_property
    def colors(self) -> dict[str, str]:
        """`#rrggbb` of each label by id, the same for every upload."""
        return {
            label.id: label.color or PALETTE[position % len(PALETTE)]
            for position, label in enumerate(self.labels)
        }

    @functools.cached_property
    def digest(self) -> str:
        """Identity of the model version: SHA-256 over all of model.yaml but the explanations.

        The artifact's own SHA-256 is part of it.
        """
        plain = msgspec.to_builtins(self)
        del plain["explanations"]
        return digest(plain)

    @functools.cached_property
    def explanation_digest(self) -> str:
        """Identity of the explanation settings."""
        return digest(msgspec.to_builtins(self.explanations))


def parse_manifest(text: str, where: str = "model.yaml") -> Manifest:
    """Read and check the text of a model.yaml. Raises ManifestInvalid."""
    try:
        plain = yaml.safe_load(text)
        manifest = msgspec.convert(plain, described(Manifest))
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ManifestInvalid(f"{where}: {error}") from error
    _check_consistency(manifest, where)
    return manifest


def load_manifest(folder: Path) -> Manifest:
    """Read `folder/model.yaml`. Raises ManifestInvalid."""
    path = folder / "model.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ManifestInvalid(f"{path}: cannot be read ({error.strerror})") from error
    return parse_manifest(text, str(path))


def load_manifests(models: Path) -> dict[str, Manifest]:
    """Every bundle `models/<name>/model.yaml`, by name. Raises ManifestInvalid if there is none."""
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
    return manifests


def _check_consistency(manifest: Manifest, where: str) -> None:
    """What types cannot say."""
    _check_outputs(manifest, where)
    spec = manifest.input
    for name, values in (("mean", spec.mean), ("std", spec.std)):
        if len(values) not in (1, spec.channels):
            raise ManifestInvalid(
                f"{where}: input.{name}: found {len(values)} values, legal are 1 or "
                f"{spec.channels} (input.channels)"
            )
    if any(value == 0 for value in spec.std):
        raise ManifestInvalid(f"{where}: input.std: found 0, every value must differ from 0")
    if spec.channel_order == "bgr" and spec.channels == 1:
        raise ManifestInvalid(f"{where}: input.channelOrder: found 'bgr', but channels is 1")
    ids = [label.id for label in manifest.labels]
    if len(set(ids)) != len(ids):
        raise ManifestInvalid(f"{where}: labels: ids must differ, found {ids}")
    methods = [spec.method for spec in manifest.explanations]
    if len(set(methods)) != len(methods):
        raise ManifestInvalid(f"{where}: explanations: methods must differ, found {methods}")
    if (manifest.task == "module") != (manifest.runtime == "module"):
        raise ManifestInvalid(
            f"{where}: runtime: found {manifest.runtime!r} with task {manifest.task!r}; a module "
            "has both task: module and runtime: module"
        )
    if manifest.task == "module" and methods:
        raise ManifestInvalid(
            f"{where}: explanations: found {methods}; a module has none, its boxes are the "
            "explanation"
        )
    if "grad-cam" in methods and manifest.runtime == "onnx" and not manifest.outputs.activations:
        raise ManifestInvalid(
            f"{where}: outputs.activations: missing, but explanations ask for grad-cam; an ONNX "
            "bundle must export its class activation maps as an output and name it here"
        )


def _check_outputs(manifest: Manifest, where: str) -> None:
    """Each task reads its own outputs, and naming those of another task is a mistake."""
    task, outputs = manifest.task, manifest.outputs
    named = {
        "logits": outputs.logits,
        "activations": outputs.activations,
        "boxes": outputs.boxes,
        "instances": outputs.instances,
    }
    legal = {
        "classification": ("logits", "activations"),
        "detection": ("boxes", "instances"),
        "segmentation": ("instances", "boxes"),
    }.get(task, tuple(named))
    for field, value in named.items():
        if value is not None and field not in legal:
            raise ManifestInvalid(
                f"{where}: outputs.{field}: found, but task {task} reads outputs.{legal[0]}"
            )
    if task in ("detection", "segmentation"):
        _check_objects(manifest, where)
    if task in ("detection", "segmentation") and manifest.explanations:
        raise ManifestInvalid(
            f"{where}: explanations: found, but task {task} has none: its overlay of boxes and "
            "masks is made for every upload"
        )


def _check_objects(manifest: Manifest, where: str) -> None:
    """Exactly one of the two ways in which a network gives boxes."""
    boxes, task = manifest.outputs.boxes, manifest.task
    if (boxes is None) == (manifest.outputs.instances is None):
        raise ManifestInvalid(
            f"{where}: outputs: task {task} needs either `boxes` (a YOLO head: name and layout) or "
            "`instances` (torchvision: names of boxes, labels, scores and masks, {} where they are "
            f"called so); found {'neither' if boxes is None else 'both'}"
        )
    if boxes is not None and (boxes.prototypes is None) == (task == "segmentation"):
        raise ManifestInvalid(
            f"{where}: outputs.boxes.prototypes: found {boxes.prototypes!r}; task segmentation "
            "needs the name of the tensor of mask prototypes, task detection has none"
        )
