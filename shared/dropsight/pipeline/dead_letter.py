"""What every delivery failed for: kept, visible, and able to be replayed."""

from __future__ import annotations

import base64
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dropsight.domain.errors import DeliveryExhausted, MessageInvalid, NoRoute
from dropsight.domain.events import (
    REASON_ATTRIBUTE,
    TOPIC_EXPLAIN,
    TOPIC_FINALIZED,
    TOPIC_PREDICT,
    DeadLetter,
    ExplanationRequested,
    ObjectFinalized,
    PredictionRequested,
    topic_of,
)
from dropsight.domain.identity import NO_MODEL, result_id
from dropsight.domain.progress import error_record, mark_explanations_failed, mark_failed
from dropsight.domain.results import ErrorRecord, Result, Source
from dropsight.domain.wire import decode, replace
from dropsight.pipeline.routing import Models, project_of, route_by_name
from dropsight.ports import DeadLetterStore, ResultStore
from dropsight.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecordDeadLetter:
    """What the step needs, built once by the entry point."""

    dead_letters: DeadLetterStore
    results: ResultStore
    models: Models
    settings: Settings

    def __call__(self, letter: DeadLetter) -> DeadLetter:
        """Keep the letter, and let its result say so. Running twice changes nothing.

        Letters of a deleted result are not kept.
        """
        error = error_record(
            DeliveryExhausted(
                f"{letter.attempts} deliveries failed, the last one with: {letter.reason}. The "
                f"message is kept: `dropsight dlq replay {letter.message_id}` tries again"
            ),
            letter.topic,
        )
        try:
            letter = replace(letter, result_id=self._fail(letter, error))
        except MessageInvalid as invalid:
            # Not one of our messages: there is no result to mark, the letter alone tells of it.
            letter = replace(letter, reason=f"{letter.reason} ({invalid})")
        if letter.result_id is not None and self._is_deleted(letter.result_id):
            return letter  # deletion took everything of the result, and there is nothing to replay
        self.dead_letters.put(letter)
        log.warning("dead letter", extra={"result_id": letter.result_id, "topic": letter.topic})
        return letter

    def _fail(self, letter: DeadLetter, error: ErrorRecord) -> str:
        now = time.time()
        if letter.topic == TOPIC_FINALIZED:
            return self._fail_upload(decode(letter.data, ObjectFinalized), error)
        if letter.topic == TOPIC_PREDICT:
            prediction = decode(letter.data, PredictionRequested)
            self._mark(prediction.result_id, lambda r: mark_failed(r, error, now))
            return prediction.result_id
        if letter.topic == TOPIC_EXPLAIN:
            asked = decode(letter.data, ExplanationRequested)
            self._mark(asked.result_id, lambda r: mark_explanations_failed(r, asked, error, now))
            return asked.result_id
        raise MessageInvalid(
            f"topic {letter.topic!r}: legal are {TOPIC_FINALIZED}, {TOPIC_PREDICT}, {TOPIC_EXPLAIN}"
        )

    def _fail_upload(self, event: ObjectFinalized, error: ErrorRecord) -> str:
        """Ingest may have died before it made a document: then the failed one is made here."""
        try:
            manifest = route_by_name(event, self.models, self.settings.routes)
        except NoRoute:
            manifest = None
        identity = result_id(
            event.bucket,
            event.name,
            event.generation,
            manifest.digest if manifest else NO_MODEL,
            manifest.explanation_digest if manifest else NO_MODEL,
        )
        now = time.time()
        fresh = Result(
            result_id=identity,
            status="failed",
            project=project_of(event, manifest, self.settings),
            timestamps={"queued": now, "failed": now},
            source=Source(
                bucket=event.bucket,
                object=event.name,
                generation=event.generation,
                size=event.size,
            ),
            error=error,
        )
        if not self.results.create(fresh):
            self._mark(identity, lambda r: mark_failed(r, error, now))
        return identity

    def _is_deleted(self, identity: str) -> bool:
        result = self.results.get(identity)
        return result is not None and result.is_deleted

    def _mark(self, identity: str, change: Callable[[Result], Result | None]) -> None:
        with contextlib.suppress(KeyError):  # the result was deleted: the letter is enough
            self.results.update(identity, change)


def letter_from_push(data: Mapping[str, Any]) -> DeadLetter:
    """The letter in a message of the dead-letter topic.

    Pub/Sub forwards a message with its body and attributes, and adds where it came from and how
    often it was tried (attributes `CloudPubSubDeadLetterSource…`); the topic is told by the name
    of the subscription. The laptop's queue adds the reason of the last refusal; in the cloud that
    is found in the logs. Raises MessageInvalid.
    """
    try:
        message = data["message"]
        attributes: dict[str, str] = dict(message.get("attributes") or {})
        body = base64.b64decode(message.get("data", ""), validate=True).decode()
        subscription = attributes.pop("CloudPubSubDeadLetterSourceSubscription")
        return DeadLetter(
            message_id=str(message["messageId"]),
            topic=topic_of(subscription),
            data=body,
            attempts=int(attributes.pop("CloudPubSubDeadLetterSourceDeliveryCount")),
            reason=attributes.pop(REASON_ATTRIBUTE, "see the logs of the subscriber"),
            failed_at=time.time(),
            attributes={
                k: v for k, v in attributes.items() if not k.startswith("CloudPubSubDeadLetter")
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MessageInvalid(
            f"not a message of a dead-letter topic ({error!r}); expected a push envelope with "
            "attributes CloudPubSubDeadLetterSourceSubscription and …DeliveryCount"
        ) from error
