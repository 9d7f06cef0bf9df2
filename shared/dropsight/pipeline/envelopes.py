"""Opens the body that a push subscription posts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.events import DeadLetter, PushEnvelope
from dropsight.domain.wire import decode


def open_envelope(body: bytes) -> tuple[PushEnvelope, bytes]:
    """The envelope and the message's own bytes. Raises MessageInvalid."""
    envelope = decode(body, PushEnvelope)
    try:
        return envelope, base64.b64decode(envelope.message.data, validate=True)
    except binascii.Error as error:
        raise MessageInvalid(f"message.data: expected base64, found {error}") from error


def malformed_letter(body: bytes, topic: str, reason: MessageInvalid) -> DeadLetter:
    """What cannot be read is kept as it came. No retry could read it either.

    A body that is not even an envelope gets an id made of its content, so that the same body
    delivered twice is one letter.
    """
    attempts, attributes = 1, dict[str, str]()
    message_id = f"malformed-{hashlib.sha256(body).hexdigest()[:26]}"
    data = body
    try:
        envelope, data = open_envelope(body)
        message_id = envelope.message.message_id
        attributes, attempts = envelope.message.attributes, envelope.delivery_attempt
    except MessageInvalid:
        pass  # `reason` tells; the whole body is kept
    return DeadLetter(
        message_id=message_id,
        topic=topic,
        data=data.decode("utf-8", "replace"),
        attributes=attributes,
        attempts=attempts,
        reason=f"{reason.code}: {reason}",
        failed_at=time.time(),
    )
