"""What a subscriber is told, and its signature."""

from __future__ import annotations

import base64
import json

import pytest

from dropsight.domain.changes import after_explain, after_predict
from dropsight.domain.errors import AccessRefused
from dropsight.domain.events import (
    ResultChanged,
    subscriber_of,
    topic_of,
    webhook_subscription,
)
from dropsight.domain.results import (
    Artifact,
    CandidateSet,
    Explanation,
    Finding,
    Lease,
    ProvenanceStep,
    Result,
    Source,
)
from dropsight.domain.webhooks import (
    TOLERANCE_S,
    Message,
    message_id,
    read_secrets,
    signature_headers,
    verify,
    webhook,
)
from dropsight.domain.wire import encode, replace

pytestmark = pytest.mark.unit

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The one of the examples in the Standard Webhooks specification and its libraries."""
SOURCE = Source(bucket="landing", object="cxr/film.dcm", generation=7)


def result(**changes: object) -> Result:
    return replace(
        Result(
            result_id="r1",
            status="predicted",
            timestamps={"queued": 1.0, "predicted": 2.5},
            source=SOURCE,
        ),
        **changes,
    )


def predicted(of: Result) -> ResultChanged:
    return after_predict(of)[0]


def test_the_signature_is_that_of_the_specifications_example():
    """From the reference libraries: this content under this secret has this signature."""
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')

    headers = signature_headers(read_secrets(SECRET), message, now=1614265330)

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_is_replaced_there_is_a_signature_by_each():
    new = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    old, both = read_secrets(SECRET), read_secrets(f"{new} {SECRET}")
    message = Message("msg_1", b"{}")

    headers = signature_headers(both, message, now=1000)

    assert len(headers["webhook-signature"].split(" ")) == 2
    assert verify(old, headers, b"{}", now=1000) == "msg_1"
    assert verify(read_secrets(new), headers, b"{}", now=1000) == "msg_1"


@pytest.mark.parametrize(
    ("change", "body", "now", "sentence"),
    [
        ({"webhook-id": "msg_2"}, b"{}", 1000, "fits none"),
        ({"webhook-timestamp": "1001"}, b"{}", 1000, "fits none"),
        ({}, b"{ }", 1000, "fits none"),
        ({"webhook-signature": "v1,"}, b"{}", 1000, "fits none"),
        ({"webhook-signature": "v1a,x v2,y"}, b"{}", 1000, "fits none"),
        ({"webhook-signature": ""}, b"{}", 1000, "missing"),
        ({"webhook-timestamp": "soon"}, b"{}", 1000, "seconds since the epoch"),
        ({}, b"{}", 1001 + TOLERANCE_S, "away from this clock"),
        ({}, b"{}", 999 - TOLERANCE_S, "away from this clock"),
    ],
)
def test_what_was_changed_or_recorded_is_not_believed(
    change: dict[str, str], body: bytes, now: float, sentence: str
):
    keys = read_secrets(SECRET)
    headers = signature_headers(keys, Message("msg_1", b"{}"), now=1000) | change

    with pytest.raises(AccessRefused, match=sentence):
        verify(keys, headers, body, now)


@pytest.mark.parametrize("text", ["short", "whsec_", "whsec_###", "whsec_YWJj", SECRET[6:]])
def test_a_secret_that_is_none_is_refused_and_not_repeated(text: str):
    with pytest.raises(ValueError, match="24 to 64") as refused:
        read_secrets(f"{SECRET} {text}")
    assert "secret 2" in str(refused.value)
    assert not {"###", "YWJj", SECRET[6:]} & set(str(refused.value).split())


def test_the_same_change_has_the_same_id_and_another_one_has_another():
    first = predicted(result())

    assert message_id(first) == message_id(predicted(result()))
    assert message_id(first) == message_id(replace(first, status="explained"))
    others = [
        replace(first, result_id="r2"),
        replace(first, change="failed"),
        predicted(result(timestamps={"queued": 1.0, "predicted": 3.5})),
    ]
    assert len({message_id(one) for one in (first, *others)}) == 4


def test_an_explanation_that_is_asked_for_later_is_another_change():
    done = Explanation(method="lime", label="one", status="done", heatmap="a")
    more = Explanation(method="grad-cam", label="one", status="done", heatmap="b")
    pending = replace(more, status="pending", heatmap=None)
    explained = result(status="explained", explanations=[done])

    (first,) = after_explain(explained)
    (again,) = after_explain(replace(explained, explanations=[done, pending]))
    (later,) = after_explain(replace(explained, explanations=[done, more]))

    assert first.change == again.change == later.change == "explained"
    assert message_id(first) == message_id(again) != message_id(later)


def test_before_the_last_explanation_one_is_answered():
    done = Explanation(method="lime", label="one", status="done")
    pending = Explanation(method="grad-cam", label="one")

    (told,) = after_explain(result(explanations=[done, pending]))
    assert told.change == "explanation_answered"
    assert after_explain(result(explanations=[pending])) == []


def test_what_subscribers_do_not_need_is_left_out_and_counted():
    boxes = [
        Finding(label="spot", probability=0.9, box=[0, 0, 1, 1], score=0.9, positive=at < 150)
        for at in range(5000)
    ]
    whole = result(
        findings=boxes,
        candidates=CandidateSet(minimum_score=0.01, maximum=5000, iou=0.5),
        provenance=[ProvenanceStep(step="window")],
        leases={"explain.lime": Lease(owner="w", expires_at=9.0)},
        artifacts=[
            Artifact(name=f"display-{at}", media_type="image/png", object="o", bucket="b")
            for at in range(512)
        ],
    )

    told = webhook(predicted(whole), whole, "https://api.example.org")

    assert len(told.data.result.findings) == 100
    assert told.data.left_out == {"findings": 50, "artifacts": 412}
    assert told.data.result.provenance == []
    assert told.data.result.leases == {}
    assert told.data.result.candidates is None
    assert told.data.address == "https://api.example.org/v1/results/r1"
    assert len(encode(told)) < 64 * 1024


def test_masks_are_left_to_the_api_and_labels_of_a_classifier_are_all_there():
    mask = {"size": [2, 2], "counts": "x"}
    findings = [
        Finding(label="one", probability=0.9, positive=True),
        Finding(label="two", probability=0.1, positive=False),
        Finding(label="pit", probability=0.9, box=[0, 0, 1, 1], positive=True, mask=mask),
    ]
    whole = result(findings=findings)

    told = json.loads(encode(webhook(predicted(whole), whole)))

    assert told["type"] == "result.predicted"
    assert told["timestamp"] == "1970-01-01T00:00:02.500000+00:00"
    assert [one["label"] for one in told["data"]["result"]["findings"]] == ["one", "two", "pit"]
    assert {str(one["mask"]) for one in told["data"]["result"]["findings"]} == {"None"}
    assert told["data"]["address"] is None


def test_the_subscription_of_a_subscriber_tells_its_name_and_its_topic():
    name = webhook_subscription("crm")

    assert name == "dropsight-results-crm-push"
    assert subscriber_of(f"projects/p/subscriptions/{name}") == "crm"
    assert topic_of(f"projects/p/subscriptions/{name}") == "dropsight-results"
    assert subscriber_of("dropsight-predict-push") is None


@pytest.mark.parametrize(
    ("subscription", "topic"),
    [
        ("dropsight-predict-push", "dropsight-predict"),
        ("projects/p/subscriptions/dropsight-predict-cxr-pneumonia-push", "dropsight-predict"),
        ("dropsight-dead-letter-push", "dropsight-dead-letter"),
        ("something-else", "something-else"),
    ],
)
def test_a_subscription_is_named_after_its_topic(subscription: str, topic: str):
    assert topic_of(subscription) == topic
