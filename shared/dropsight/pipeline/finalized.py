"""The event of an object that is there, in the words of Cloud Storage."""

from __future__ import annotations

from dropsight.domain.events import ObjectFinalized
from dropsight.ports import ObjectInfo


def finalized(info: ObjectInfo) -> ObjectFinalized:
    return ObjectFinalized(
        bucket=info.bucket,
        name=info.name,
        generation=info.generation,
        size=info.size,
        content_type=info.content_type,
        metadata=dict(info.metadata),
    )


def notification_attributes(info: ObjectInfo) -> dict[str, str]:
    """What a notification of Cloud Storage has beside its data.

    https://cloud.google.com/storage/docs/pubsub-notifications#attributes
    """
    return {
        "eventType": "OBJECT_FINALIZE",
        "payloadFormat": "JSON_API_V1",
        "bucketId": info.bucket,
        "objectId": info.name,
        "objectGeneration": str(info.generation),
    }
