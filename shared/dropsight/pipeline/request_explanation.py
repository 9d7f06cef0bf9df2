"""Ask for a reason: those that a model's settings plan, and one more that somebody wants to see."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropsight.domain.errors import ExplanationUnavailable, ObjectGone
from dropsight.domain.events import TOPIC_EXPLAIN, ExplanationRequested, ObjectRef
from dropsight.domain.exports import check_frame
from dropsight.domain.manifests import Manifest
from dropsight.domain.progress import add_explanation
from dropsight.domain.results import Explanation, Result
from dropsight.domain.wire import encode
from dropsight.pipeline.artifacts import frame_name
from dropsight.pipeline.routing import Models
from dropsight.ports import MessagePublisher, ObjectStore, ResultStore

METHODS = ("grad-cam", "lime")
MOST = 100
"""Explanations of one result: what they add to its document stays far below Firestore's 1 MiB."""


def publish_pending(
    publisher: MessagePublisher,
    result_id: str,
    explanations: Sequence[Explanation],
    manifest: Manifest,
    frame: ObjectRef,
) -> None:
    """One message for each method, frame and object of `explanations` that is pending.

    Publishing twice is harmless: what is done already is not done again. Raises BackendUnavailable.
    """
    wanted: dict[tuple[str, int, int | None], list[str]] = {}
    for one in explanations:
        if one.status == "pending":
            wanted.setdefault((one.method, one.frame, one.object_index), []).append(one.label)
    parameters: Mapping[str, dict[str, Any]] = {
        spec.method: spec.parameters for spec in manifest.explanations
    }
    for (method, frame_index, object_index), labels in wanted.items():
        asked = ExplanationRequested(
            result_id=result_id,
            model=manifest.name,
            frame=frame,
            method=method,
            labels=labels,
            frame_index=frame_index,
            object_index=object_index,
            parameters=parameters.get(method, {}),
            requested_at=time.time(),
        )
        publisher.publish(TOPIC_EXPLAIN, encode(asked), {"resultId": result_id})


@dataclass(frozen=True)
class RequestExplanation:
    """What the step needs, built once by the entry point."""

    objects: ObjectStore
    results: ResultStore
    publisher: MessagePublisher
    models: Models
    work_bucket: str

    def __call__(
        self,
        result_id: str,
        method: str,
        *,
        label: str | None = None,
        object_index: int | None = None,
        frame: int | None = None,
    ) -> Explanation:
        """Make sure that this explanation is there or on its way; the entry as it now stands.

        method
            `lime`, or `grad-cam` where the model has it.
        label
            Classification: the id of the label that is explained.
        object_index
            Detection and segmentation: the number of the object in its frame
            (`Result.objects_of`).
        frame
            From 0. None is the frame that shows the label best, and 0 for an object.

        Asking twice is asking once; one that failed is tried again. Raises KeyError (no such
        result), ExplanationUnavailable, MessageInvalid (no such frame), ObjectGone (the prepared
        frame is no longer stored), BackendUnavailable.
        """
        result = self.results.get(result_id)
        if result is None:
            raise KeyError(result_id)
        manifest = self._served(result)
        wanted = _wanted(result, manifest, method, label, object_index, frame)
        name = frame_name(result_id)
        try:
            info = self.objects.stat(self.work_bucket, name)
        except ObjectGone as error:
            raise ObjectGone(
                f"result {result_id}: its prepared frame is no longer stored ({error}); drop the "
                "file again"
            ) from error
        result = self.results.update(result_id, lambda r: _added(r, wanted))
        reference = ObjectRef(bucket=info.bucket, name=info.name, generation=info.generation)
        entry = next(one for one in result.explanations if one.identity == wanted.identity)
        # Also where it was pending before: whoever asked first may have died before publishing.
        publish_pending(self.publisher, result_id, [entry], manifest, reference)
        return entry

    def _served(self, result: Result) -> Manifest:
        """The model that made the result, if it is still the one that would explain it."""
        if result.status not in ("predicted", "explained") or result.model is None:
            raise ExplanationUnavailable(
                f"result {result.result_id}: is {result.status}; only what has been predicted can "
                "be explained"
            )
        manifest = self.models.get(result.model.name)
        if manifest is None or manifest.digest != result.model.digest:
            now = "no such model" if manifest is None else f"version {manifest.version} of it"
            raise ExplanationUnavailable(
                f"result {result.result_id}: was made by version {result.model.version} of "
                f"{result.model.name}, and served now is {now} with other contents; drop the file "
                "again"
            )
        return manifest


def _wanted(
    result: Result,
    manifest: Manifest,
    method: str,
    label: str | None,
    object_index: int | None,
    frame: int | None,
) -> Explanation:
    """The entry that is asked for, `pending`. Raises ExplanationUnavailable, MessageInvalid."""
    if method not in METHODS:
        raise ExplanationUnavailable(f"method: found {method!r}, legal are {', '.join(METHODS)}")
    if frame is not None:
        check_frame(result, frame)
    if manifest.task == "module":
        raise ExplanationUnavailable(
            f"method: found {method!r}, but {manifest.name} is a module: dropsight does not see "
            "into it, and the overlay of its boxes is all the explanation there is"
        )
    if manifest.task == "classification":
        return _wanted_label(result, manifest, method, label, object_index, frame)
    if object_index is None or label is not None:
        raise ExplanationUnavailable(
            f"object: missing; of task {manifest.task} one object is explained, by its number in "
            "its frame, counted from 0, and its label is known"
        )
    if method == "grad-cam" and not manifest.has_gradients:
        raise ExplanationUnavailable(
            f"method: found 'grad-cam', but runtime {manifest.runtime!r} of {manifest.name} has no "
            "gradients for objects; legal is 'lime', which needs nothing but forward passes"
        )
    found = result.objects_of(frame or 0)
    if not 0 <= object_index < len(found):
        legal = f"legal are 0 to {len(found) - 1}" if found else "there are none"
        raise ExplanationUnavailable(
            f"object: found {object_index}, {legal} in frame {frame or 0} of result "
            f"{result.result_id}"
        )
    return Explanation(
        method=method,
        label=found[object_index].label,
        frame=frame or 0,
        object_index=object_index,
    )


def _wanted_label(
    result: Result,
    manifest: Manifest,
    method: str,
    label: str | None,
    object_index: int | None,
    frame: int | None,
) -> Explanation:
    legal = ", ".join(one.id for one in manifest.labels)
    if object_index is not None or label is None:
        raise ExplanationUnavailable(
            f"label: missing; {manifest.name} classifies, so one of its labels is explained, and "
            f"no object: {legal}"
        )
    said = [one for one in result.findings if one.label == label and frame in (None, one.frame)]
    if not said:
        raise ExplanationUnavailable(f"label: found {label!r}, legal are {legal}")
    if method == "grad-cam" and not manifest.has_grad_cam:
        raise ExplanationUnavailable(
            f"method: found 'grad-cam', but {manifest.name} has neither gradients nor class "
            "activation maps; legal is 'lime'"
        )
    clearest = max(said, key=lambda one: one.probability)
    return Explanation(method=method, label=label, frame=clearest.frame)


def _added(result: Result, wanted: Explanation) -> Result | None:
    added = add_explanation(result, wanted)
    if added is not None and len(added.explanations) > MOST:
        raise ExplanationUnavailable(
            f"result {result.result_id}: has {len(result.explanations)} explanations, legal are "
            f"{MOST}; drop the file again under another name for more"
        )
    return added
