"""What happened, past tense. Versioned JSON; references, never pixels (claim check)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.wire import Record, described

SCHEMA_VERSION = 1

TOPIC_FINALIZED = "dropsight-finalized"
TOPIC_PREDICT = "dropsight-predict"
TOPIC_EXPLAIN = "dropsight-explain"
TOPIC_RESULTS = "dropsight-results"
TOPIC_DEAD_LETTER = "dropsight-dead-letter"
TOPICS = (TOPIC_FINALIZED, TOPIC_PREDICT, TOPIC_EXPLAIN, TOPIC_RESULTS, TOPIC_DEAD_LETTER)

MODEL_ATTRIBUTE = "model"
"""Message attribute: the model that is asked. In the cloud each has a subscription that filters."""
REASON_ATTRIBUTE = "dropsightReason"
"""Message attribute: why the last delivery of a dead letter failed."""
SUBSCRIBER_ATTRIBUTE = "subscriber"
"""Message attribute: a change of a result that is for this subscriber alone (a replay)."""


def push_subscription(topic: str) -> str:
    """Name of the subscription that pushes `topic` to its step."""
    return f"{topic}-push"


def webhook_subscription(subscriber: str) -> str:
    """Name of the subscription that pushes changes of results for one subscriber."""
    return push_subscription(f"{TOPIC_RESULTS}-{subscriber}")


def subscriber_of(subscription: str) -> str | None:
    """Inverse of `webhook_subscription`; None for a subscription of another kind."""
    name = subscription.rpartition("/")[2].removesuffix("-push")
    return name.removeprefix(f"{TOPIC_RESULTS}-") if name.startswith(f"{TOPIC_RESULTS}-") else None


def topic_of(subscription: str) -> str:
    """The topic of a subscription that is named after it; takes a full resource name as well.

    `dropsight-predict-push` and `dropsight-predict-cxr-push`, for messages of one model, are of
    `dropsight-predict`. A name of another kind is returned as it is.
    """
    name = subscription.rpartition("/")[2].removesuffix("-push")
    return next((one for one in TOPICS if name == one or name.startswith(f"{one}-")), name)


class PushMessage(Record, kw_only=True, frozen=True):
    """The part of a push envelope that its publisher wrote."""

    data: str = ""
    """Base64."""
    attributes: dict[str, str] = {}
    message_id: str


class PushEnvelope(Record, kw_only=True, frozen=True):
    """The body that a Pub/Sub push subscription posts (without payload unwrapping).

    https://cloud.google.com/pubsub/docs/push#receive_push
    """

    message: PushMessage
    subscription: str = ""
    delivery_attempt: int = 1
    """Only sent where the subscription has a dead-letter policy."""


class ObjectRef(Record, kw_only=True, frozen=True):
    """One immutable version of one stored object."""

    bucket: str
    name: str
    generation: int


class ObjectFinalized(Record, kw_only=True, frozen=True):
    """`google.cloud.storage.object.v1.finalized`: the fields of StorageObjectData that are used.

    Cloud Storage sends 64-bit numbers as JSON strings; `object_finalized` reads both forms.
    """

    bucket: str
    name: str
    generation: int
    size: int = 0
    content_type: str = ""
    metadata: dict[str, str] = {}


def object_finalized(data: Mapping[str, Any]) -> ObjectFinalized:
    """Read the `data` of a storage CloudEvent, or of a Pub/Sub CloudEvent that brings a storage
    notification. Raises MessageInvalid, naming the field at fault.

    https://cloud.google.com/storage/docs/pubsub-notifications (payload JSON_API_V1)
    """
    message = data.get("message")
    if isinstance(message, Mapping):
        try:
            return notified(base64.b64decode(message.get("data", ""), validate=True))
        except ValueError as error:
            raise MessageInvalid(f"not a storage notification: data: {error}") from error
    try:
        return msgspec.convert(data, described(ObjectFinalized), strict=False)
    except msgspec.ValidationError as error:
        raise MessageInvalid(f"not a storage event: {error}") from error


def notified(body: bytes | str) -> ObjectFinalized:
    """Read the JSON of a storage notification. Raises MessageInvalid, naming the field at fault."""
    try:
        return msgspec.json.decode(body, type=described(ObjectFinalized), strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MessageInvalid(f"not a storage notification: {error}") from error


class PredictionRequested(Record, kw_only=True, frozen=True):
    """A frame waits for a model. Published by ingest, pushed to `POST /pubsub/predict`."""

    schema_version: int = SCHEMA_VERSION
    result_id: str
    model: str
    frame: ObjectRef
    requested_at: float
    """Seconds since the epoch; the wait in the queue is measured from here."""


class ExplanationRequested(Record, kw_only=True, frozen=True):
    """A finding waits for its reason. Published by predict, pushed to `POST /pubsub/explain`.

    One message for each method: the perturbations of LIME answer for all target labels at once.
    """

    schema_version: int = SCHEMA_VERSION
    result_id: str
    model: str
    frame: ObjectRef
    method: str
    labels: list[str]
    frame_index: int = 0
    object_index: int | None = None
    """Number of the object that is explained (`Result.objects_of`); `labels` is then its label."""
    parameters: dict[str, Any] = {}
    requested_at: float


Change = Literal["queued", "predicted", "explanation_answered", "explained", "failed", "deleted"]
CHANGES: tuple[Change, ...] = get_args(Change)


class ResultChanged(Record, kw_only=True, frozen=True):
    """A result has moved. Published by every step after its commit, pushed to each subscriber."""

    schema_version: int = SCHEMA_VERSION
    result_id: str
    change: Change
    status: str
    """Of the document when this was published."""
    revision: str
    """Which one it is: the same step told of twice has the same, see `changes.py`."""
    changed_at: float
    """Seconds since the epoch."""


class DeadLetter(Record, kw_only=True, frozen=True):
    """A message whose every delivery failed, kept until somebody replays or deletes it."""

    schema_version: int = SCHEMA_VERSION
    message_id: str
    topic: str
    """Topic that the message came from, and that a replay publishes to."""
    data: str
    """Body of the message as text (all our messages are JSON)."""
    attributes: dict[str, str] = {}
    attempts: int
    reason: str
    failed_at: float
    result_id: str | None = None
