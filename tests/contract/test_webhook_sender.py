"""The Notifier over HTTP, against a subscriber's server on loopback that behaves in every way."""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Witness
from standardwebhooks.webhooks import WebhookVerificationError

from dropsight.adapters.webhooks.addresses import AddressPolicy, is_public, look_up
from dropsight.adapters.webhooks.sender import MOST_SAID, WebhookSender
from dropsight.domain.errors import SubscriberRefused, SubscriberUnavailable
from dropsight.domain.webhooks import Message, read_secrets
from tests.loopback_certificate import server_context, write_certificate
from tests.webhook_receiver import Receiver, running_receiver

pytestmark = pytest.mark.contract

OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_plJ3nmyCDGBKInavdOK15jsl2LaLaSwA"
MESSAGE = Message("msg_1", b'{"type":"result.predicted","data":{"name":"M\xc3\xbcller"}}')
OPEN = AddressPolicy(private=True, look_up=look_up)


def sender(
    secrets: str = OLD,
    policy: AddressPolicy = OPEN,
    timeout_s: float = 5.0,
    tls: ssl.SSLContext | None = None,
) -> WebhookSender:
    return WebhookSender(
        read_secrets(secrets), policy, timeout_s, tls=tls or ssl.create_default_context()
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


def test_an_independent_library_verifies_the_signature(receiver: Receiver):
    sender().notify(receiver.url, MESSAGE)

    (post,) = receiver.posts
    assert Witness(OLD).verify(post.body, post.headers) == json.loads(MESSAGE.body)
    with pytest.raises(WebhookVerificationError):
        Witness(NEW).verify(post.body, post.headers)
    with pytest.raises(WebhookVerificationError):
        Witness(OLD).verify(post.body.replace(b"predicted", b"explained"), post.headers)
    with pytest.raises(WebhookVerificationError):
        Witness(OLD).verify(post.body, {**post.headers, "webhook-id": "msg_2"})


def test_while_a_secret_is_replaced_receivers_with_either_verify(receiver: Receiver):
    sender(f"{NEW} {OLD}").notify(receiver.url, MESSAGE)

    (post,) = receiver.posts
    for secret in (OLD, NEW):
        Witness(secret).verify(post.body, post.headers)


def test_the_post_is_what_the_address_says(receiver: Receiver):
    sender().notify(receiver.url, MESSAGE)

    (post,) = receiver.posts
    assert post.path == "/hooks?token=t0p"
    assert post.body == MESSAGE.body
    assert post.headers["content-type"] == "application/json"
    assert post.headers["user-agent"].startswith("dropsight/")
    assert post.headers["host"] == receiver.url.split("/")[2]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_one(receiver: Receiver, status: int):
    receiver.answers = [status]
    sender().notify(receiver.url, MESSAGE)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_go_by_is_tried_again(receiver: Receiver, status: int):
    receiver.answers = [status]
    with pytest.raises(SubscriberUnavailable, match=f"answered {status}"):
        sender().notify(receiver.url, MESSAGE)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422])
def test_what_the_subscriber_will_never_take_is_not(receiver: Receiver, status: int):
    receiver.answers, receiver.body = [status], b"no\nsuch hook"
    with pytest.raises(SubscriberRefused, match=rf"answered {status} \(no such hook\)"):
        sender().notify(receiver.url, MESSAGE)


def test_one_that_is_gone_is_to_be_taken_out_of_the_settings(receiver: Receiver):
    receiver.answers = [410]
    with pytest.raises(SubscriberRefused, match="DROPSIGHT_WEBHOOK_URLS"):
        sender().notify(receiver.url, MESSAGE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int):
    with running_receiver() as elsewhere:
        receiver.answers, receiver.headers = [status], {"location": elsewhere.url}
        with pytest.raises(SubscriberRefused, match="redirects are not followed"):
            sender().notify(receiver.url, MESSAGE)
        assert elsewhere.posts == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("0", 1.0), ("999999999", 600.0), ("Fri, 31 Dec 1999 23:59:59 GMT", 1.0)],
)
def test_a_subscriber_may_say_when_to_come_back(receiver: Receiver, header: str, seconds: float):
    receiver.answers, receiver.headers = [503], {"retry-after": header}
    with pytest.raises(SubscriberUnavailable) as unavailable:
        sender().notify(receiver.url, MESSAGE)
    assert unavailable.value.retry_after_s == seconds


def test_of_a_long_answer_the_beginning_is_kept_and_the_rest_not_read(receiver: Receiver):
    receiver.answers, receiver.body = [400], b"x" * 10_000_000
    with pytest.raises(SubscriberRefused) as refused:
        sender().notify(receiver.url, MESSAGE)
    assert str(refused.value).count("x") == MOST_SAID


def test_nobody_listens_is_worth_another_try():
    with running_receiver() as gone:
        pass
    with pytest.raises(SubscriberUnavailable, match="refused"):
        sender().notify(gone.url, MESSAGE)


def test_silence_ends_with_the_time():
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(SubscriberUnavailable, match=r"no answer within 0\.3 s"),
    ):
        sender(timeout_s=0.3).notify(f"http://127.0.0.1:{silent.getsockname()[1]}/", MESSAGE)


def test_a_tls_handshake_that_does_not_go_on_ends_with_the_time():
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(SubscriberUnavailable, match=r"no answer within 0\.3 s"),
    ):
        sender(timeout_s=0.3).notify(f"https://127.0.0.1:{silent.getsockname()[1]}/", MESSAGE)


def test_an_answer_that_comes_byte_by_byte_ends_with_the_time(receiver: Receiver):
    """Each byte is in time; all of them are not."""
    receiver.drip = True
    with pytest.raises(SubscriberUnavailable, match=r"no answer within 0\.5 s"):
        sender(timeout_s=0.5).notify(receiver.url, MESSAGE)


def test_over_tls_byte_by_byte_as_well(tmp_path: Path):
    trusting = ssl.create_default_context(cafile=str(write_certificate(tmp_path)[0]))
    with running_receiver(tls=server_context(tmp_path)) as receiver:
        receiver.drip = True
        with pytest.raises(SubscriberUnavailable, match=r"no answer within 0\.5 s"):
            sender(timeout_s=0.5, tls=trusting).notify(receiver.url, MESSAGE)


def test_what_goes_wrong_is_told_without_the_token_in_the_address(receiver: Receiver):
    receiver.answers = [500]
    with pytest.raises(SubscriberUnavailable) as unavailable:
        sender().notify(receiver.url, MESSAGE)
    assert "t0p" not in str(unavailable.value)
    assert "127.0.0.1" in str(unavailable.value)


def test_over_tls_the_certificate_must_be_of_the_host_that_was_asked_for(tmp_path: Path):
    trusting = ssl.create_default_context(cafile=str(write_certificate(tmp_path)[0]))
    with running_receiver(tls=server_context(tmp_path)) as receiver:
        url = receiver.url.replace("127.0.0.1", "localhost")
        sender(tls=trusting).notify(url, MESSAGE)
        assert receiver.posts[0].headers["host"] == url.split("/")[2]

        with pytest.raises(SubscriberUnavailable, match="certificate is not valid"):
            sender().notify(url, MESSAGE)
        elsewhere = AddressPolicy(private=True, look_up=lambda *_: ["127.0.0.1"])
        with pytest.raises(SubscriberUnavailable, match="certificate is not valid"):
            sender(tls=trusting, policy=elsewhere).notify(
                url.replace("localhost", "hooks.example.org"), MESSAGE
            )
        assert len(receiver.posts) == 1


def test_it_goes_to_the_address_that_was_checked_and_to_no_other(receiver: Receiver):
    """A name that answers differently the second time (DNS rebinding) is asked once."""
    answers = iter([["127.0.0.1"]])
    policy = AddressPolicy(private=True, look_up=lambda *_: next(answers))

    sender(policy=policy).notify(receiver.url.replace("127.0.0.1", "hooks.example.org"), MESSAGE)

    assert len(receiver.posts) == 1
    assert receiver.posts[0].headers["host"].startswith("hooks.example.org:")


def test_the_next_address_is_tried_where_one_does_not_answer(receiver: Receiver):
    policy = AddressPolicy(private=True, look_up=lambda *_: ["127.0.0.99", "127.0.0.1"])
    sender(policy=policy).notify(receiver.url, MESSAGE)
    assert len(receiver.posts) == 1


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104 - an address that is refused
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "fd20:ce::254",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "2002:7f00:1::",
    "64:ff9b::a00:1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_in_the_cloud_before_anything_is_sent(
    receiver: Receiver, address: str
):
    policy = AddressPolicy(private=False, look_up=lambda *_: ["8.8.8.8", address])
    with pytest.raises(SubscriberRefused, match="private address"):
        policy.endpoint("https://hooks.example.org/")
    assert receiver.posts == []


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_legal(address: str):
    assert is_public(ipaddress.ip_address(address))
    policy = AddressPolicy(private=False, look_up=lambda *_: [address])
    assert policy.endpoint("https://hooks.example.org/a?b=c").target == "/a?b=c"


def test_in_the_cloud_loopback_is_refused_by_its_name_too():
    with pytest.raises(SubscriberRefused, match="private address"):
        sender(policy=AddressPolicy(private=False, look_up=look_up)).notify(
            "https://localhost:9/", MESSAGE
        )


def test_without_tls_only_private_addresses_are_legal():
    public = AddressPolicy(private=True, look_up=lambda *_: ["8.8.8.8"])
    with pytest.raises(SubscriberRefused, match="legal is https"):
        public.endpoint("http://hooks.example.org/")
    near = AddressPolicy(private=True, look_up=lambda *_: ["192.168.1.9"])
    assert near.endpoint("http://hooks.example.org/").port == 80


def test_a_name_that_is_not_there_is_worth_another_try():
    def nothing(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(SubscriberUnavailable, match="Name or service not known"):
        AddressPolicy(private=True, look_up=nothing).endpoint("https://hooks.example.org/")
