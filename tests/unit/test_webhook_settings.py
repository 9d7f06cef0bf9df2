"""The variables of webhooks: what is read, and what is refused in which words."""

from __future__ import annotations

import pytest

from dropsight.settings import Settings

pytestmark = pytest.mark.unit

URLS = "DROPSIGHT_WEBHOOK_URLS"


def urls(text: str) -> dict[str, str]:
    return dict(Settings.from_environment({URLS: text}).webhooks.urls)


def test_subscribers_have_the_names_that_they_are_given():
    text = '{"crm": "https://crm.example.org/a", "ward-7": "http://127.0.0.1:9000/"}'
    assert urls(text) == {"crm": "https://crm.example.org/a", "ward-7": "http://127.0.0.1:9000/"}


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example.org/x, http://10.0.0.7/y",
        '["https://a.example.org/x", "http://10.0.0.7/y"]',
    ],
)
def test_without_names_they_are_called_by_their_hosts_and_stay_so(text: str):
    found = urls(text)

    assert list(found.values()) == ["https://a.example.org/x", "http://10.0.0.7/y"]
    first, second = found
    assert first.startswith("a-example-org-")
    assert second.startswith("at-10-0-0-7-")
    assert list(urls("https://a.example.org/x")) == [first]
    assert list(urls("https://a.example.org/other")) != [first]


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.org/secret-path",
        "example.org/secret-path",
        "https:///secret-path",
        "https://user:pass@example.org/secret-path",
        "https://example.org:99999/secret-path",
        "https://example.org/secret-path#x",
        "https://example.org/secret path",
        "https://exämple.org/secret-path",
        "https://.example.org/secret-path",
        "https://example..org/secret-path",
        "https://-example.org/secret-path",
        f"https://{'a' * 64}.org/secret-path",
        "https://[::1/secret-path",
        "https://[fe80::1%25eth0]/secret-path",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(address: str):
    for text in (f'{{"crm": "{address}"}}', address):
        with pytest.raises(ValueError, match=URLS) as refused:
            urls(text)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["{", '{"crm": 5}', '{"CRM": "https://e.org/"}', "[1]", "[", '{"": ""}']
)
def test_what_is_no_list_of_addresses_says_which_variable(text: str):
    with pytest.raises(ValueError, match=URLS):
        urls(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DROPSIGHT_WEBHOOK_EVENTS", "result.done"),
        ("DROPSIGHT_WEBHOOK_TIMEOUT_S", "soon"),
        ("DROPSIGHT_WEBHOOK_TIMEOUT_S", "0"),
        ("DROPSIGHT_WEBHOOK_TIMEOUT_S", "nan"),
        ("DROPSIGHT_WEBHOOK_TIMEOUT_S", "600"),
        ("DROPSIGHT_WEBHOOK_PRIVATE", "yes"),
        ("DROPSIGHT_PUBLISH_CHANGES", "yes"),
        ("DROPSIGHT_PUSH_SIGNATURE", "no"),
        ("DROPSIGHT_DIRECT_CALLERS", "[1]"),
    ],
)
def test_values_that_are_not_legal_say_which_variable(name: str, text: str):
    with pytest.raises(ValueError, match=name):
        Settings.from_environment({name: text})


def test_hosts_are_names_or_addresses():
    for address in ("https://A.example.org:8443/", "http://127.0.0.1:9000/", "http://[::1]:9000/"):
        assert list(urls(address).values()) == [address]


def test_lists_are_json_or_separated_by_commas():
    for text in ("a@x.org, b@x.org", '["a@x.org", "b@x.org"]'):
        found = Settings.from_environment({"DROPSIGHT_DIRECT_CALLERS": text})
        assert found.direct_callers == ("a@x.org", "b@x.org")
    events = Settings.from_environment({"DROPSIGHT_WEBHOOK_EVENTS": "result.failed"}).webhooks
    assert events.events == ("result.failed",)


def test_changes_are_published_where_somebody_listens():
    assert not Settings().publishes_changes
    assert Settings.from_environment({URLS: "https://e.org/"}).publishes_changes
    assert Settings.from_environment({"DROPSIGHT_PUBLISH_CHANGES": "true"}).publishes_changes
    told_not_to = {URLS: "https://e.org/", "DROPSIGHT_PUBLISH_CHANGES": "false"}
    assert not Settings.from_environment(told_not_to).publishes_changes


def test_secrets_and_addresses_are_not_shown():
    shown = repr(
        Settings.from_environment({URLS: "https://e.org/t0p", "DROPSIGHT_WEBHOOK_SECRET": "s3c"})
    )
    assert "t0p" not in shown
    assert "s3c" not in shown
