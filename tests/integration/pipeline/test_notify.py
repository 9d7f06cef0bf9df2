"""From a push to a subscriber's server, over the real sender and stores; and back by a replay."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dropsight.adapters.backend import Backend, open_backend
from dropsight.adapters.webhooks.addresses import AddressPolicy, look_up
from dropsight.adapters.webhooks.sender import WebhookSender
from dropsight.domain.changes import after_deletion, after_predict
from dropsight.domain.errors import SubscriberUnavailable
from dropsight.domain.events import (
    TOPIC_RESULTS,
    DeadLetter,
    ResultChanged,
    webhook_subscription,
)
from dropsight.domain.progress import mark_deleting
from dropsight.domain.results import Finding, Result, Source, Study
from dropsight.domain.webhooks import Webhook, read_secrets, verify
from dropsight.domain.wire import decode, encode
from dropsight.domain.wire import replace as with_other
from dropsight.pipeline.dead_letter import RecordDeadLetter, letter_from_push
from dropsight.pipeline.notify import Notify
from dropsight.pipeline.replay import Replay
from dropsight.settings import Settings
from tests.fakes import MemoryPublisher
from tests.webhook_receiver import Receiver, running_receiver

pytestmark = pytest.mark.integration

KEYS = read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
RESULT = Result(
    result_id="r1",
    status="predicted",
    timestamps={"queued": 1.0, "prepared": 1.5, "predicted": 2.0},
    source=Source(bucket="landing", object="cxr/film.dcm", generation=7),
    study=Study(patient_id="3f9c", modality="DX"),
    findings=[Finding(label="pneumonia", probability=0.9, positive=True)],
)
(PREDICTED,) = after_predict(RESULT)


@dataclass
class Office:
    """The step, with one subscriber `crm` that listens and one `gone` that does not."""

    backend: Backend
    receiver: Receiver
    settings: Settings
    events: tuple[str, ...] = ()

    @property
    def notify(self) -> Notify:
        policy = AddressPolicy(private=True, look_up=look_up)
        return Notify(
            results=self.backend.results,
            dead_letters=self.backend.dead_letters,
            notifier=WebhookSender(KEYS, policy, 5.0),
            subscribers={"crm": self.receiver.url, "gone": "http://127.0.0.1:9/"},
            events=self.events,
            api_address="https://api.example.org",
        )

    @property
    def letters(self) -> list[DeadLetter]:
        return list(self.backend.dead_letters.list())


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    settings = replace(Settings(), root=tmp_path)
    backend = open_backend(settings)
    backend.results.create(RESULT)
    with running_receiver() as receiver:
        yield Office(backend, receiver, settings)


def push(change: ResultChanged | bytes, subscriber: str = "crm", alone: str | None = None) -> bytes:
    data = change if isinstance(change, bytes) else encode(change)
    envelope = {
        "message": {
            "data": base64.b64encode(data).decode(),
            "attributes": {"resultId": "r1"} | ({"subscriber": alone} if alone else {}),
            "messageId": "m1",
        },
        "subscription": f"projects/p/subscriptions/{webhook_subscription(subscriber)}",
        "deliveryAttempt": 3,
    }
    return json.dumps(envelope).encode()


def test_a_subscriber_is_told_what_was_found_in_whose_study(office: Office):
    assert office.notify(push(PREDICTED))

    (post,) = office.receiver.posts
    now = float(post.headers["webhook-timestamp"])
    assert verify(KEYS, post.headers, post.body, now) == office.receiver.ids[0]
    told = decode(post.body, Webhook)
    assert told.type == "result.predicted"
    assert told.data.result.findings[0].label == "pneumonia"
    assert told.data.result.study == Study(patient_id="3f9c", modality="DX")
    assert told.data.address == "https://api.example.org/v1/results/r1"


def test_the_same_push_delivered_twice_is_one_message_to_its_receiver(office: Office):
    office.notify(push(PREDICTED))
    office.notify(push(PREDICTED))

    first, second = office.receiver.ids
    assert first == second


def test_a_subscriber_that_is_away_is_tried_again_and_keeps_nobody_else_waiting(office: Office):
    with pytest.raises(SubscriberUnavailable):
        office.notify(push(PREDICTED, "gone"))

    assert office.notify(push(PREDICTED, "crm"))
    assert office.letters == []


def test_what_is_refused_for_good_is_kept_and_a_replay_is_for_this_subscriber_alone(
    office: Office,
):
    office.receiver.answers = [404]
    assert not office.notify(push(PREDICTED))

    (letter,) = office.letters
    assert letter.message_id == "m1-crm"
    assert (letter.topic, letter.attempts, letter.result_id) == (TOPIC_RESULTS, 3, "r1")
    assert "answered 404" in letter.reason
    assert "t0p" not in encode(letter).decode()
    publisher = MemoryPublisher()
    Replay(office.backend.dead_letters, office.backend.results, publisher)("m1-crm")
    (again,) = publisher.published
    assert (again.topic, again.attributes["subscriber"]) == (TOPIC_RESULTS, "crm")
    assert not office.notify(push(again.data, "gone", again.attributes["subscriber"]))
    assert office.notify(push(again.data, "crm", again.attributes["subscriber"]))
    assert office.receiver.ids[0] == office.receiver.ids[1]
    assert office.letters == []


def test_the_result_of_a_webhook_that_could_not_be_sent_has_not_failed(office: Office):
    """As the dead-letter topic has it, after the last attempt."""
    record = RecordDeadLetter(
        office.backend.dead_letters, office.backend.results, {}, office.settings, _must_not_tell
    )
    letter = letter_from_push(
        {
            "message": {
                "data": base64.b64encode(encode(PREDICTED)).decode(),
                "messageId": "m9",
                "attributes": {
                    "resultId": "r1",
                    "CloudPubSubDeadLetterSourceSubscription": "dropsight-results-crm-push",
                    "CloudPubSubDeadLetterSourceDeliveryCount": "20",
                },
            }
        }
    )

    kept = record(letter)

    assert kept.topic == TOPIC_RESULTS
    assert kept.attributes == {"resultId": "r1", "subscriber": "crm"}
    assert kept.result_id == "r1"
    assert office.backend.results.get("r1") == RESULT
    Replay(office.backend.dead_letters, office.backend.results, MemoryPublisher())("m9")
    assert office.backend.results.get("r1") == RESULT


def test_of_a_deleted_result_only_its_deletion_is_told(office: Office):
    tombstone = office.backend.results.update("r1", lambda r: mark_deleting(r, 5.0))

    assert not office.notify(push(PREDICTED))
    (deleted,) = after_deletion(tombstone)
    assert office.notify(push(deleted))

    assert office.receiver.types == ["result.deleted"]
    assert b"pneumonia" not in office.receiver.posts[0].body
    assert b"3f9c" not in office.receiver.posts[0].body


def test_a_deletion_that_could_not_be_told_is_kept(office: Office):
    tombstone = office.backend.results.update("r1", lambda r: mark_deleting(r, 5.0))
    (deleted,) = after_deletion(tombstone)
    record = RecordDeadLetter(
        office.backend.dead_letters, office.backend.results, {}, office.settings, _must_not_tell
    )
    for number, change in enumerate((PREDICTED, deleted)):
        record(
            DeadLetter(
                message_id=f"m{number}",
                topic=TOPIC_RESULTS,
                data=encode(change).decode(),
                attempts=20,
                reason="503",
                failed_at=1.0,
            )
        )

    assert [one.message_id for one in office.letters] == ["m1"]


def test_types_that_nobody_wants_and_subscribers_that_were_removed_are_left_alone(office: Office):
    office.events = ("result.explained",)
    assert not office.notify(push(PREDICTED))
    office.events = ()
    assert not office.notify(push(PREDICTED, "removed"))
    assert not office.notify(push(with_other(PREDICTED, result_id="never")))

    assert office.receiver.posts == []
    assert office.letters == []


@pytest.mark.parametrize("body", [b"", b"{}", push(b"{}"), push(b"\xff"), push(b'{"change": "x"}')])
def test_what_cannot_be_read_is_kept_and_does_not_come_back(office: Office, body: bytes):
    assert not office.notify(body)

    (letter,) = office.letters
    assert letter.topic == TOPIC_RESULTS
    assert "message-invalid" in letter.reason


def _must_not_tell(changes: object) -> None:
    raise AssertionError(f"a webhook about a webhook: {changes}")
