"""Which parts and subscriptions a laptop has, with subscribers and without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dropsight.cli.dispatcher.routes import webhook_routes
from dropsight.cli.parts import find_functions, laptop_parts
from dropsight.cli.store import deletion, open_store
from dropsight.domain.events import TOPIC_RESULTS
from dropsight.domain.results import Result, Source
from dropsight.settings import Settings
from dropsight.webhook_settings import Webhooks

pytestmark = pytest.mark.unit

SUBSCRIBERS = {"crm": "https://crm.example.org/", "ward": "https://ward.example.org/"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path)


def test_without_subscribers_nothing_is_started(settings: Settings):
    parts = laptop_parts(settings, find_functions(None), "http://127.0.0.1:1/")

    assert [one.name for one in parts] == [
        "inference",
        "ingest",
        "dead-letter",
        "page",
        "dispatcher",
    ]
    assert "--notify" not in parts[-1].arguments


def test_with_subscribers_the_function_has_a_thread_for_each_post_under_way(settings: Settings):
    told = replace(settings, webhooks=Webhooks(urls=SUBSCRIBERS))
    parts = {one.name: one for one in laptop_parts(told, find_functions(None), "http://x/")}

    notify, dispatcher = parts["notify"], parts["dispatcher"]
    routes = webhook_routes("http://x/", SUBSCRIBERS)
    assert int(notify.environment["THREADS"]) > sum(one.outstanding for one in routes)
    assert "http" in notify.arguments
    assert notify.ready_url in dispatcher.arguments


def test_subscribers_that_are_no_longer_named_are_forgotten(settings: Settings):
    store = open_store(settings)
    assert store.subscribe_webhooks(SUBSCRIBERS) == {}
    store.queue.publish(TOPIC_RESULTS, b"1")

    assert store.subscribe_webhooks(["ward"]) == {"crm": 1}
    assert store.queue.subscriptions(TOPIC_RESULTS) == ["dropsight-results-ward-push"]
    assert store.subscribe_webhooks([]) == {"ward": 1}
    assert store.queue.subscriptions(TOPIC_RESULTS) == []


def test_a_command_that_knows_of_no_subscribers_tells_them_of_a_deletion(settings: Settings):
    store = open_store(settings)
    store.subscribe_webhooks(["crm"])
    source = Source(bucket="landing", object="a.png", generation=1)
    store.results.create(
        Result(result_id="r1", status="failed", timestamps={"failed": 1.0}, source=source)
    )

    deletion(store, settings)("r1")

    (told,) = store.queue.pull("dropsight-results-crm-push", 10)
    assert b'"change":"deleted"' in told.data
