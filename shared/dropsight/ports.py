"""What the pipeline needs of the outside world. Adapters implement these; tests run every adapter
through one contract suite (`tests/contract`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dropsight.domain.events import DeadLetter
from dropsight.domain.feedback import Feedback
from dropsight.domain.frames import Frame
from dropsight.domain.queries import EVERYTHING, Position, ResultQuery
from dropsight.domain.results import CandidateSet, Finding, Result


@dataclass(frozen=True)
class ObjectInfo:
    """One version of one object. `generation` grows with every write of the name."""

    bucket: str
    name: str
    generation: int
    size: int
    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)


class ObjectStore(Protocol):
    """Buckets of immutable object versions (Cloud Storage semantics, live version only)."""

    def stat(self, bucket: str, name: str, generation: int | None = None) -> ObjectInfo:
        """Raises ObjectGone if the object, or exactly this generation of it, is not live."""
        ...

    def read(self, bucket: str, name: str, generation: int | None = None) -> bytes:
        """Whole content. Raises ObjectGone as `stat` does, BackendUnavailable."""
        ...

    def write(
        self,
        bucket: str,
        name: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        *,
        if_generation_match: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Atomic: readers see the old or the new version, whole.

        `if_generation_match=0` writes only if there is no live object, another number only over
        exactly that generation; else raises PreconditionFailed. Raises BackendUnavailable.
        """
        ...

    def delete(self, bucket: str, name: str, generation: int | None = None) -> None:
        """Deleting what is not there is not an error."""
        ...

    def list(self, bucket: str, prefix: str = "") -> Iterable[ObjectInfo]:
        """In order of names."""
        ...


@dataclass(frozen=True)
class SignedUpload:
    """A request that begins an upload, for a client that has no credentials of its own."""

    method: str
    url: str
    headers: Mapping[str, str]
    """To be sent exactly so."""
    expires_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True)
class SignedDownloads:
    urls: Sequence[str]
    expires_at: float
    """Seconds since the epoch, of all of them."""


class AddressSigner(Protocol):
    """Addresses that hold their own permission, for a short time."""

    def upload(self, bucket: str, name: str, size: int, content_type: str) -> SignedUpload:
        """For a new object of at most `size` bytes. Raises BackendUnavailable."""
        ...

    def downloads(self, objects: Sequence[tuple[str, str]]) -> SignedDownloads:
        """For reading each (bucket, name), in their order. Raises BackendUnavailable."""
        ...


class MessagePublisher(Protocol):
    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None) -> str:
        """Returns once the queue has the message for good; its id. Raises BackendUnavailable."""
        ...


class ResultStore(Protocol):
    """Result documents. Every change is a transaction."""

    def create(self, result: Result) -> bool:
        """Store a new document; False (and nothing written) if the id exists already."""
        ...

    def get(self, result_id: str) -> Result | None: ...

    def update(self, result_id: str, change: Callable[[Result], Result | None]) -> Result:
        """Read, change, write, with nobody in between; `change` may run more than once.

        `change` returns None to leave the document as it is; what it raises passes through.
        Returns the document as it now stands. Raises KeyError if there is none,
        BackendUnavailable.
        """
        ...

    def list(
        self, limit: int = 100, query: ResultQuery = EVERYTHING, after: Position | None = None
    ) -> Sequence[Result]:
        """Those that `query` means, in falling order of `arrived_at`, then of their ids.

        `after`: only what comes after this place. Deleted results are listed, in no order and
        without regard to `after`, only where `query.status` names what they are.
        """
        ...

    def delete(self, result_id: str) -> None:
        """Remove the document itself, so that its id is free again: what users mean by deletion is
        `pipeline.deletion`. Deleting what is not there is not an error."""
        ...


class DeadLetterStore(Protocol):
    def put(self, letter: DeadLetter) -> None:
        """Store under its message id; a second time changes nothing."""
        ...

    def get(self, message_id: str) -> DeadLetter | None: ...

    def list(self, limit: int = 100, result_id: str | None = None) -> Sequence[DeadLetter]:
        """Newest first; or those of one result, in no order."""
        ...

    def delete(self, message_id: str) -> None: ...


class FeedbackStore(Protocol):
    """Append only: what has been said is never changed, and goes with its result alone."""

    def add(self, feedback: Feedback) -> None:
        """Store under its id; a second time changes nothing."""
        ...

    def list(self, result_id: str, limit: int = 1000) -> Sequence[Feedback]:
        """Of one result, oldest first."""
        ...

    def erase(self, result_id: str) -> int:
        """All of one result, whatever is in them; how many there were."""
        ...


class Notifier(Protocol):
    def notify(self, result: Result) -> None:
        """Tell the subscriber of this change. Raises TransientError to be tried again."""
        ...


Heatmap = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Attribution:
    """One label's answer of one explanation method.

    heatmap
        float32, shape (height, width) of the model's input, >= 0; larger is more important.
    """

    label: str
    heatmap: Heatmap
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    fidelity: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """Findings of all frames, with the time it took in milliseconds by step."""

    findings: list[Finding]
    timeline: dict[str, float] = field(default_factory=dict)
    candidates: CandidateSet | None = None
    """Detection and segmentation only."""


class InferenceEngine(Protocol):
    """The warm models of one process. Calls block; the engine batches what arrives together."""

    def predict(self, model: str, frame: Frame) -> Prediction:
        """Raises ModelUnknown, InferenceFailed, Overloaded."""
        ...

    def predict_pictures(self, model: str, pictures: Sequence[bytes]) -> Prediction:
        """For models of task `module`: one source-sized PNG for each frame.

        Raises ModelUnknown, InferenceFailed.
        """
        ...

    def explain(
        self,
        model: str,
        frame: Frame,
        method: str,
        labels: Sequence[str],
        frame_index: int,
        parameters: Mapping[str, Any],
    ) -> list[Attribution]:
        """One attribution for each of `labels`, in order. Gives way to predictions.

        Raises ModelUnknown, ExplanationUnavailable, InferenceFailed, Overloaded.
        """
        ...

    def explain_object(
        self,
        model: str,
        frame: Frame,
        method: str,
        found: Finding,
        parameters: Mapping[str, Any],
    ) -> Attribution:
        """Why `found`, an object of detection or segmentation, was found in its frame.

        Raises ModelUnknown, ExplanationUnavailable, InferenceFailed, Overloaded.
        """
        ...
