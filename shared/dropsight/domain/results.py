"""The result document: `results/{resultId}`. What clients listen to.

It moves forward only (see `progress.py`) and stays under Firestore's 1 MiB: what is larger goes to
the results bucket and is referred to by an `Artifact`.
"""

from __future__ import annotations

from typing import Any, Literal

from dropsight.domain.pixel_values import PixelValues
from dropsight.domain.wire import Record

Status = Literal["queued", "predicted", "explained", "failed", "deleting", "deleted"]
Stage = Literal["ingest", "predict", "explain"]

DEFAULT_PROJECT = "default"
PROJECT_NAME = r"[A-Za-z0-9._-]{1,64}"
"""Legal names of projects."""

STATUS_ORDER: dict[str, int] = {
    "queued": 0,
    "predicted": 1,
    "explained": 2,
    "failed": 3,
    "deleting": 4,
    "deleted": 5,
}
DELETED: tuple[Status, ...] = ("deleting", "deleted")
"""What is left is a tombstone (`progress.mark_deleting`): nothing brings such a result back."""
LISTED: tuple[str, ...] = tuple(status for status in STATUS_ORDER if status not in DELETED)


class Source(Record, kw_only=True, frozen=True):
    """Where the pixels came from."""

    bucket: str
    object: str
    generation: int
    size: int = 0
    """Bytes."""
    sha256: str | None = None
    format: str | None = None
    """`dicom`, `png`, `jpeg`, `tiff`, `webp` or `bmp`, recognised by content."""
    transfer_syntax: str | None = None
    """DICOM Transfer Syntax UID (PS3.5 section 10)."""


class ModelReference(Record, kw_only=True, frozen=True):
    name: str
    version: str
    digest: str
    runtime: str
    task: str
    labels: list[str] = []
    """Ids of all labels in the order of model.yaml, found or not."""


class Study(Record, kw_only=True, frozen=True):
    """De-identified attributes of a DICOM file. No value here names a person.

    UIDs are re-mapped consistently by a key, so files of one study stay together.
    """

    patient_id: str | None = None
    """Keyed pseudonym: the same patient has the same one, nobody can turn it back."""
    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    laterality: str | None = None
    study_uid: str | None = None
    series_uid: str | None = None
    instance_uid: str | None = None
    study_date: str | None = None
    """YYYY-MM-DD, shifted by a number of days that is fixed for each patient."""
    attributes: dict[str, str] = {}
    """Further attributes that the allow-list lets through, by DICOM keyword."""


class ProvenanceStep(Record, kw_only=True, frozen=True):
    """One step from stored value to model input, with what is needed to do it again."""

    step: str
    parameters: dict[str, Any] = {}


class Finding(Record, kw_only=True, frozen=True):
    """What the model says of one label (classification) or one object (detection, segmentation).

    `label` is the label's id in model.yaml. `probability` is calibrated, in [0, 1]; of an object it
    is the score again, which is not calibrated.
    Classification has a `logit`; detection and segmentation have a `box` [x, y, w, h] in source
    pixels (origin top left), a `score` and the probability by label, and segmentation a `mask` in
    COCO run-length encoding {"size": [h, w], "counts": str}.
    """

    label: str
    probability: float
    frame: int = 0
    logit: float | None = None
    threshold: float | None = None
    """Operating point that `positive` was decided at."""
    positive: bool | None = None
    box: list[float] | None = None
    score: float | None = None
    probabilities: dict[str, float] | None = None
    mask: dict[str, Any] | None = None


class FrameCandidates(Record, kw_only=True, frozen=True):
    """How many objects of one frame the model found, and how many of them are in the document."""

    frame: int
    found: int
    """At or above the minimum score."""
    kept: int
    """The strongest of them."""


class CandidateSet(Record, kw_only=True, frozen=True):
    """What the findings of detection and segmentation were taken from (see `suppression.shown`)."""

    minimum_score: float
    maximum: int
    """For each frame."""
    iou: float
    """The IoU threshold that `positive` was decided at."""
    frames: list[FrameCandidates] = []

    @property
    def dropped(self) -> int:
        """Objects that were found but are not in the document."""
        return sum(one.found - one.kept for one in self.frames)


class Artifact(Record, kw_only=True, frozen=True):
    """A stored file that belongs to the result. Its name changes with its content."""

    name: str
    media_type: str
    object: str
    """Name in the results bucket."""
    bucket: str
    size: int = 0
    """Bytes."""
    values: PixelValues | None = None
    """Of `pixels-{frame}`, a 16-bit greyscale PNG: what its levels mean."""


class ErrorRecord(Record, kw_only=True, frozen=True):
    code: str
    message: str
    retryable: bool
    stage: str


class Explanation(Record, kw_only=True, frozen=True):
    """Why: one method's answer for one label, or for one object. `pending` until the second stage
    has run. No two of a result have the same `identity`."""

    method: str
    label: str
    frame: int = 0
    object_index: int | None = None
    """Number of the object that is explained; see `Result.objects_of`."""
    status: Literal["pending", "done", "failed"] = "pending"
    heatmap: str | None = None
    """Name of the artifact: 16-bit PNG, source-sized, 0..65535 for 0..`parameters.maximum`."""
    overlay: str | None = None
    """Name of the artifact: PNG for people, with colour bar and label."""
    parameters: dict[str, Any] = {}
    seed: int | None = None
    fidelity: dict[str, float] = {}
    """How far to trust it: deletion and insertion AUC and the surrogate's R², where measured."""
    error: ErrorRecord | None = None

    @property
    def identity(self) -> tuple[str, str, int, int | None]:
        """What is explained, and by which method."""
        return self.method, self.label, self.frame, self.object_index


class Lease(Record, kw_only=True, frozen=True):
    """Keeps two workers off one request. Expires by itself, so a killed worker blocks nobody."""

    owner: str
    expires_at: float
    """Seconds since the epoch."""


class Result(Record, kw_only=True, frozen=True):
    schema_version: int = 1
    result_id: str
    status: Status
    project: str = DEFAULT_PROJECT
    """Which group of people may see it, decided by the way that it came (`routing.project_of`)."""
    timestamps: dict[str, float] = {}
    """Seconds since the epoch at which each status was reached."""
    source: Source
    model: ModelReference | None = None
    study: Study | None = None
    provenance: list[ProvenanceStep] = []
    frames: int = 0
    """Number of frames that were prepared."""
    width: int = 0
    height: int = 0
    """Size of the source image in pixels, after EXIF orientation."""
    findings: list[Finding] = []
    candidates: CandidateSet | None = None
    """Detection and segmentation only."""
    explanations: list[Explanation] = []
    artifacts: list[Artifact] = []
    timeline: dict[str, float] = {}
    """Milliseconds by stage, e.g. `ingest.decode`, `predict.wait`, `predict.forward`."""
    error: ErrorRecord | None = None
    leases: dict[str, Lease] = {}
    """By stage (`predict`, `explain.lime`); see `progress.claim`."""

    def artifact(self, name: str) -> Artifact | None:
        """The artifact called `name`, if it has been written."""
        return next((one for one in self.artifacts if one.name == name), None)

    def objects_of(self, frame: int) -> list[Finding]:
        """The objects of one frame; the place in this list, from 0, is an object's number.

        Findings are written once and never moved, so a number means the same object for ever. It
        counts every candidate that the document holds, whatever a client shows of them: detection
        and segmentation list them strongest first, a module in its own order.
        """
        return [one for one in self.findings if one.frame == frame and one.box is not None]

    @property
    def holds_objects(self) -> bool:
        """Whether its findings are objects with boxes (none found included), or labels."""
        is_module = self.model is not None and self.model.task == "module"
        return self.candidates is not None or is_module

    @property
    def labels(self) -> list[str]:
        """Ids of all labels of the model in the order of model.yaml.

        A document that was written before the model's labels were part of it knows those of its
        findings.
        """
        if self.model is not None and self.model.labels:
            return self.model.labels
        named = (name for one in self.findings for name in (*(one.probabilities or ()), one.label))
        return list(dict.fromkeys(named))

    @property
    def arrived_at(self) -> float:
        """When it was queued (or failed, where it never was): what lists are ordered by."""
        return self.timestamps.get("queued", self.timestamps.get("failed", 0.0))

    @property
    def positives(self) -> list[Finding]:
        """Findings at or above their operating point. Empty means 'nothing found': a result."""
        return [finding for finding in self.findings if finding.positive]

    @property
    def found_labels(self) -> list[str]:
        """The distinct labels of `positives`, in order of the alphabet: what lists filter by."""
        return sorted({finding.label for finding in self.positives})

    @property
    def is_deleted(self) -> bool:
        """Also while what was derived from it is still being removed."""
        return self.status in DELETED
