import pytest

from dropsight.domain.errors import MessageInvalid
from dropsight.domain.events import ObjectRef, PredictionRequested, object_finalized
from dropsight.domain.wire import decode, encode

pytestmark = pytest.mark.unit

REQUEST = PredictionRequested(
    result_id="r1",
    model="m",
    frame=ObjectRef(bucket="work", name="frames/r1", generation=1 << 53),
    requested_at=1.5,
)


def test_names_are_lower_camel_case_on_the_wire():
    assert encode(REQUEST) == (
        b'{"schemaVersion":1,"resultId":"r1","model":"m",'
        b'"frame":{"bucket":"work","name":"frames/r1","generation":9007199254740992},'
        b'"requestedAt":1.5}'
    )
    assert decode(encode(REQUEST), PredictionRequested) == REQUEST


def test_an_unknown_field_is_ignored():
    body = encode(REQUEST).replace(b'"model"', b'"fromTheFuture":[1],"model"')
    assert decode(body, PredictionRequested) == REQUEST


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"model":"m"}', "missing required field `resultId`"),
        (encode(REQUEST).replace(b'"r1"', b"3"), "Expected `str`, got `int` - at `$.resultId`"),
        (b"\xff\xfe", "invalid"),
    ],
)
def test_a_message_that_its_schema_refuses_says_which_field(body: bytes, sentence: str):
    with pytest.raises(MessageInvalid, match="not a PredictionRequested message") as caught:
        decode(body, PredictionRequested)
    assert sentence.lower() in str(caught.value).lower()


def test_a_storage_event_may_write_its_numbers_as_strings():
    data = {"bucket": "b", "name": "cxr/a", "generation": "17", "size": "4", "contentType": "x"}
    event = object_finalized(data)
    assert (event.generation, event.size, event.content_type) == (17, 4, "x")


def test_a_storage_event_without_a_generation_is_refused():
    with pytest.raises(MessageInvalid, match="generation"):
        object_finalized({"bucket": "b", "name": "n"})
