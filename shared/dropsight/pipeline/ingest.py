"""First step of an upload: from a stored file to a frame that waits for its model.

Survives running twice and dying anywhere. The document is created first, with a lease, so that
twenty deliveries at once decode the file once. The pixels are written before the document says
`prepared`; the request is published after it. Whoever finds a document that is `prepared` but
still `queued` publishes again: predict drops what has been done.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass

from dropsight.domain.changes import after_ingest
from dropsight.domain.errors import BudgetExceeded, PermanentError, PreconditionFailed
from dropsight.domain.events import (
    MODEL_ATTRIBUTE,
    TOPIC_PREDICT,
    ObjectFinalized,
    ObjectRef,
    PredictionRequested,
)
from dropsight.domain.identity import NO_MODEL, result_id
from dropsight.domain.manifests import Manifest
from dropsight.domain.progress import claim, delivery_owner, error_record, mark_failed
from dropsight.domain.results import Artifact, ModelReference, Result, Source
from dropsight.domain.wire import encode, replace
from dropsight.imaging.png import encode_levels, encode_png
from dropsight.imaging.policy import ImagingPolicy
from dropsight.imaging.prepare import Prepared, prepare
from dropsight.imaging.upload import Upload, open_upload
from dropsight.pipeline.announce import Announce, nobody_listens
from dropsight.pipeline.artifacts import (
    display_name,
    erase_artifacts,
    erase_frame,
    frame_name,
    pixels_name,
    write_artifact,
)
from dropsight.pipeline.leases import given_back
from dropsight.pipeline.routing import Models, project_of, route_by_attributes, route_by_name
from dropsight.pipeline.stopwatch import Stopwatch
from dropsight.ports import MessagePublisher, ObjectStore, ResultStore
from dropsight.settings import Settings

log = logging.getLogger(__name__)

STAGE = "ingest"


@dataclass(frozen=True)
class Ingest:
    """What the step needs, built once by the entry point."""

    objects: ObjectStore
    results: ResultStore
    publisher: MessagePublisher
    models: Models
    settings: Settings
    policy: ImagingPolicy
    process: str
    """Name of this process in leases."""
    announce: Announce = nobody_listens

    def __call__(self, event: ObjectFinalized) -> Result:
        """Take one upload as far as `queued` and published, or `failed`; returns its result.

        Where that has been deleted, before or meanwhile, nothing of it stays. Raises TransientError
        (deliver again).
        """
        result = self._take(event)
        if result.is_deleted:
            erase_frame(self.objects, self.settings.work_bucket, result.result_id)
            erase_artifacts(self.objects, self.settings.results_bucket, result.result_id)
        self.announce(after_ingest(result))
        return result

    def _take(self, event: ObjectFinalized) -> Result:
        watch = Stopwatch()
        owner = delivery_owner(self.process)
        upload: Upload | None = None
        manifest: Manifest | None = None
        try:
            manifest = route_by_name(event, self.models, self.settings.routes)
            if manifest is None:
                upload = self._open(event, watch)
                manifest = route_by_attributes(
                    upload.modality, upload.body_part, self.models, self.settings.routes
                )
        except PermanentError as error:
            # Nothing is known but the file itself: the result has no model.
            return self._record_refusal(event, error)

        result = self._open_result(event, manifest, owner)
        if result.status != "queued":
            return result
        if "prepared" in result.timestamps:
            self._request_prediction(result, manifest, self._stored_frame(result))
            return result
        try:
            with given_back(self.results, result.result_id, STAGE, owner):
                upload = upload or self._open(event, watch)
                return self._prepare(upload, manifest, result, watch)
        except PermanentError as error:
            failed = error_record(error, STAGE)
            log.info("failed", extra={"result_id": result.result_id, "code": error.code})
            return self.results.update(
                result.result_id, lambda r: mark_failed(_described(r, upload), failed, time.time())
            )

    def _prepare(
        self, upload: Upload, manifest: Manifest, result: Result, watch: Stopwatch
    ) -> Result:
        prepared = prepare(upload, manifest, self.policy, keep_values=True)
        watch.add({f"ingest.{step}": spent for step, spent in prepared.timeline.items()})
        with watch("ingest.write"):
            frame = self._write_frame(result, prepared)
            pictures = [
                *self._write_displays(result, prepared),
                *self._write_values(result, prepared),
            ]
        result = self.results.update(
            result.result_id,
            lambda r: _prepared(_described(r, upload), prepared, pictures, watch.timeline),
        )
        if not result.is_deleted:
            self._request_prediction(result, manifest, frame)
        return result

    def _open(self, event: ObjectFinalized, watch: Stopwatch) -> Upload:
        with watch("ingest.read"):
            info = self.objects.stat(event.bucket, event.name, event.generation)
            limit = self.settings.budgets.bytes
            if info.size > limit:
                raise BudgetExceeded(
                    f"the file has {info.size} bytes, at most {limit} are read; raise "
                    "DROPSIGHT_BUDGET_BYTES if such files are meant to be processed"
                )
            data = self.objects.read(event.bucket, event.name, event.generation)
        with watch("ingest.open"):
            return open_upload(data, self.policy)

    def _open_result(self, event: ObjectFinalized, manifest: Manifest, owner: str) -> Result:
        """Create the document with this worker's lease on it, or take the lease of an open one.

        Raises LeaseHeld while another worker is at it.
        """
        now = time.time()
        fresh = Result(
            result_id=result_id(
                event.bucket,
                event.name,
                event.generation,
                manifest.digest,
                manifest.explanation_digest,
            ),
            status="queued",
            project=project_of(event, manifest, self.settings),
            timestamps={"queued": now},
            source=_source(event),
            model=_reference(manifest),
        )
        leased = claim(fresh, STAGE, owner, now, self.settings.lease_s)
        if leased is not None and self.results.create(leased):
            return leased

        def take_over(stored: Result) -> Result | None:
            if stored.status != "queued":
                return None
            # A replayed dead letter may have left a document that knows no model yet.
            known = replace(stored, model=fresh.model)
            return claim(known, STAGE, owner, time.time(), self.settings.lease_s)

        return self.results.update(fresh.result_id, take_over)

    def _record_refusal(self, event: ObjectFinalized, error: PermanentError) -> Result:
        now = time.time()
        result = Result(
            result_id=result_id(event.bucket, event.name, event.generation, NO_MODEL, NO_MODEL),
            status="failed",
            project=project_of(event, None, self.settings),
            timestamps={"queued": now, "failed": now},
            source=_source(event),
            error=error_record(error, STAGE),
        )
        if not self.results.create(result):
            return self.results.update(result.result_id, lambda _: None)
        log.info("refused", extra={"result_id": result.result_id, "code": error.code})
        return result

    def _stored_frame(self, result: Result) -> ObjectRef:
        info = self.objects.stat(self.settings.work_bucket, frame_name(result.result_id))
        return ObjectRef(bucket=info.bucket, name=info.name, generation=info.generation)

    def _write_frame(self, result: Result, prepared: Prepared) -> ObjectRef:
        """Written once: the same upload gives the same frame, so the first version stands."""
        try:
            info = self.objects.write(
                self.settings.work_bucket,
                frame_name(result.result_id),
                prepared.frame.to_bytes(),
                "application/zip",
                if_generation_match=0,
            )
        except PreconditionFailed:
            return self._stored_frame(result)
        return ObjectRef(bucket=info.bucket, name=info.name, generation=info.generation)

    def _write_displays(self, result: Result, prepared: Prepared) -> list[Artifact]:
        """The de-identified picture of each frame, as clients show it under an overlay."""
        return [
            write_artifact(
                self.objects,
                self.settings.results_bucket,
                result.result_id,
                display_name(index),
                encode_png(display),
            )
            for index, display in enumerate(prepared.display)
        ]

    def _write_values(self, result: Result, prepared: Prepared) -> list[Artifact]:
        """What the 8-bit pictures leave out, for viewers with a window and level of their own."""
        return [
            write_artifact(
                self.objects,
                self.settings.results_bucket,
                result.result_id,
                pixels_name(index),
                encode_levels(values.levels),
                values=values.meaning,
            )
            for index, values in enumerate(prepared.values)
            if values is not None
        ]

    def _request_prediction(self, result: Result, manifest: Manifest, frame: ObjectRef) -> None:
        request = PredictionRequested(
            result_id=result.result_id,
            model=manifest.name,
            frame=frame,
            requested_at=time.time(),
        )
        attributes = {"resultId": result.result_id, MODEL_ATTRIBUTE: manifest.name}
        self.publisher.publish(TOPIC_PREDICT, encode(request), attributes)
        log.info("queued", extra={"result_id": result.result_id})


def _source(event: ObjectFinalized) -> Source:
    return Source(
        bucket=event.bucket, object=event.name, generation=event.generation, size=event.size
    )


def _reference(manifest: Manifest) -> ModelReference:
    return ModelReference(
        name=manifest.name,
        version=manifest.version,
        digest=manifest.digest,
        runtime=manifest.runtime,
        task=manifest.task,
        labels=[label.id for label in manifest.labels],
    )


def _described(result: Result, upload: Upload | None) -> Result:
    """With what the bytes of the file say, known as soon as they have been opened."""
    if upload is None:
        return result
    return replace(
        result,
        source=replace(
            result.source,
            size=len(upload.data),
            sha256=hashlib.sha256(upload.data).hexdigest(),
            format=upload.format,
            transfer_syntax=upload.transfer_syntax,
        ),
    )


def _prepared(
    result: Result, prepared: Prepared, pictures: list[Artifact], timeline: dict[str, float]
) -> Result | None:
    """Still `queued`, but the pixels are there. The lease stays until predict takes over."""
    if result.status != "queued":
        return None
    return replace(
        result,
        timestamps={**result.timestamps, "prepared": time.time()},
        study=prepared.study,
        provenance=prepared.frame.provenance,
        frames=len(prepared.frame.pixels),
        width=prepared.width,
        height=prepared.height,
        artifacts=pictures,
        timeline={**result.timeline, **timeline},
    )
