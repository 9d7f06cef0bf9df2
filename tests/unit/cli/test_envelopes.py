"""What the receivers get, beside what the cloud sends."""

from __future__ import annotations

import base64
import json

import pytest
from cloudevents.http import from_http

from dropsight.adapters.embedded.queue import Delivery
from dropsight.cli.dispatcher import envelopes
from dropsight.domain.errors import MessageInvalid
from dropsight.domain.events import ObjectFinalized, object_finalized
from dropsight.domain.wire import encode

pytestmark = pytest.mark.unit


def delivery(data: bytes) -> Delivery:
    return Delivery(
        ack_id="7-2",
        message_id="7",
        data=data,
        attributes={"resultId": "abc"},
        publish_time=1_700_000_000.5,
        attempt=2,
        topic="dropsight-predict",
    )


FINALIZED = ObjectFinalized(
    bucket="landing",
    name="cxr/Thorax ü 100%.dcm",
    generation=1_700_000_000_000_001,
    size=3,
    content_type="application/dicom",
    metadata={"model": "m"},
)


def test_a_storage_event_is_read_by_the_cloudevents_library_and_keeps_every_field():
    request = envelopes.storage_finalized(delivery(encode(FINALIZED)), "sub")
    event = from_http(request.headers, request.body)

    assert event["type"] == "google.cloud.storage.object.v1.finalized"
    assert event["source"] == "//storage.googleapis.com/projects/_/buckets/landing"
    assert event["time"] == "2023-11-14T22:13:20.500000Z"
    assert object_finalized(event.data) == FINALIZED


def test_numbers_of_64_bits_travel_as_strings():
    body = json.loads(envelopes.storage_finalized(delivery(encode(FINALIZED)), "sub").body)

    assert (body["generation"], body["size"]) == ("1700000000000001", "3")


def test_a_subject_with_umlauts_and_blanks_is_percent_encoded_for_the_header():
    request = envelopes.storage_finalized(delivery(encode(FINALIZED)), "sub")

    assert request.headers["ce-subject"] == "objects/cxr/Thorax%20%C3%BC%20100%25.dcm"


def test_a_push_body_carries_data_attributes_and_attempt():
    request = envelopes.push(delivery(b'{"a": 1}'), "dropsight-predict")
    body = json.loads(request.body)

    assert base64.b64decode(body["message"]["data"]) == b'{"a": 1}'
    assert body["message"]["attributes"] == {"resultId": "abc"}
    assert body["message"]["messageId"] == "7"
    assert body["deliveryAttempt"] == 2
    assert body["subscription"] == "projects/dropsight-local/subscriptions/dropsight-predict"


def test_a_dead_letter_comes_as_a_message_published_event():
    request = envelopes.message_published(delivery(b"x"), "dropsight-dead-letter")
    event = from_http(request.headers, request.body)

    assert event["type"] == "google.cloud.pubsub.topic.v1.messagePublished"
    assert base64.b64decode(event.data["message"]["data"]) == b"x"


def test_a_message_that_is_no_storage_event_is_refused():
    with pytest.raises(MessageInvalid, match="bucket"):
        envelopes.storage_finalized(delivery(b"{}"), "sub")
