"""What `MessagePublisher` promises, by every adapter."""

from __future__ import annotations

import pytest

from tests.contract.at_once import at_once
from tests.contract.channel import Channel

pytestmark = pytest.mark.contract


def test_a_message_arrives_whole_under_its_id(channel: Channel) -> None:
    data = bytes(range(256))
    attributes = {"resultId": "r1", "note": "Größe 病"}

    message_id = channel.publisher.publish(channel.topic, data, attributes)

    received = channel.receive()
    assert (received.message_id, received.data, received.attributes) == (
        message_id,
        data,
        attributes,
    )


def test_attributes_may_be_left_out(channel: Channel) -> None:
    channel.publisher.publish(channel.topic, b"{}")

    assert channel.receive().attributes == {}


def test_every_message_has_an_id_of_its_own_and_arrives(channel: Channel) -> None:
    ids = at_once(10, lambda n: channel.publisher.publish(channel.topic, b"%d" % n))

    received = [channel.receive() for _ in range(10)]

    assert len(set(ids)) == 10
    assert sorted(one.data for one in received) == [b"%d" % n for n in range(10)]
    assert {one.message_id for one in received} == set(ids)
