"""Subscribers of a whole laptop: told of every step, through kills, past one of them that is away,
and again when somebody replays what one has refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from standardwebhooks.webhooks import Webhook as Witness

from tests.e2e.laptop import COMMAND, Laptop
from tests.webhook_receiver import Receiver, running_receiver

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

LAST = ["result.queued", "result.predicted", "result.explained"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def laptop(tmp_path: Path, receiver: Receiver) -> Iterator[Laptop]:
    """With one subscriber that listens, and one where nobody does."""
    made = Laptop(tmp_path)
    with running_receiver() as gone:
        pass
    urls = {"crm": receiver.url, "gone": gone.url}
    made.environment["DROPSIGHT_WEBHOOK_URLS"] = json.dumps(urls)
    yield made
    made.close()


def drop(laptop: Laptop, count: int) -> None:
    random = np.random.default_rng(7)
    for number in range(count):
        picture = random.integers(0, 256, (48, 48), np.uint8)
        cv2.imwrite(str(laptop.bucket / "cxr" / f"{number:03}.png"), picture)


def types_by_result(receiver: Receiver) -> dict[str, list[str]]:
    """In the order in which they happened, which they may not arrive in; each webhook once."""
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for post in list(receiver.posts):
        told = post.json()
        webhooks = found[told["data"]["result"]["resultId"]]
        webhooks.setdefault(post.headers["webhook-id"], (told["timestamp"], told["type"]))
    return {
        result: [kind for _, kind in sorted(webhooks.values())]
        for result, webhooks in found.items()
    }


def all_told(receiver: Receiver, count: int) -> bool:
    told = types_by_result(receiver)
    return len(told) == count and all(set(LAST) <= set(types) for types in told.values())


def test_a_subscriber_is_told_of_every_step_and_one_that_is_away_delays_nobody(
    laptop: Laptop, receiver: Receiver
):
    laptop.up()
    assert "notify" in laptop.parts()
    drop(laptop, 5)
    laptop.wait_for(lambda: all_told(receiver, 5), "all changes of five files")

    secret = laptop.run("webhook", "secret").stdout.strip()
    for post in receiver.posts:
        assert Witness(secret).verify(post.body, post.headers) == post.json()
    for types in types_by_result(receiver).values():
        assert [one for one in types if one in LAST] == LAST
    last = next(one for one in receiver.posts if one.json()["type"] == "result.explained")
    result = last.json()["data"]["result"]
    assert result["status"] == "explained"
    assert {one["label"] for one in result["findings"]}
    assert all(one["status"] == "done" for one in result["explanations"])

    deleted = laptop.run("results", result["resultId"], "--delete")
    assert deleted.returncode == 0, deleted.stderr
    laptop.wait_for(lambda: "result.deleted" in receiver.types, "the deletion")
    assert laptop.end() == 0


def test_kills_of_every_part_lose_no_change(laptop: Laptop, receiver: Receiver):
    laptop.up()
    drop(laptop, 30)
    laptop.wait_for(lambda: len(receiver.posts) > 5, "the first changes")
    for part in ("notify", "ingest", "inference", "dispatcher"):
        os.kill(laptop.parts()[part], signal.SIGKILL)
        enough = len(receiver.posts) + 5
        laptop.wait_for(partial(_more, receiver, enough), f"changes after the end of {part}")

    laptop.wait_for(lambda: all_told(receiver, 30), "all changes of thirty files")

    assert {r.status for r in laptop.results} == {"explained"}
    assert set(types_by_result(receiver)) == {r.result_id for r in laptop.results}


def _more(receiver: Receiver, enough: int) -> bool:
    return len(receiver.posts) > enough or all_told(receiver, 30)


def test_what_a_subscriber_refused_is_a_dead_letter_until_it_is_sent_again(
    laptop: Laptop, receiver: Receiver
):
    receiver.answers = [404]
    laptop.environment["DROPSIGHT_WEBHOOK_EVENTS"] = "result.explained"
    laptop.up()
    drop(laptop, 1)

    def letters() -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(laptop.run("dlq", "list", "--json").stdout)
        return found

    laptop.wait_for(lambda: bool(letters()), "a dead letter")
    (letter,) = letters()
    assert "answered 404" in letter["reason"]
    assert {r.status for r in laptop.results} == {"explained"}
    assert laptop.run("dlq", "replay", letter["messageId"]).returncode == 0

    laptop.wait_for(lambda: len(receiver.posts) == 2, "the second attempt")
    assert receiver.ids[0] == receiver.ids[1]
    laptop.wait_for(lambda: letters() == [], "the end of the dead letter")


def test_the_receiver_for_developers_verifies_and_prints(laptop: Laptop, receiver: Receiver):
    command = [*COMMAND, "webhook", "listen", "--port", "0"]
    with subprocess.Popen(
        command, env=laptop.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as listener:
        assert listener.stderr is not None
        assert listener.stdout is not None
        try:
            url = listener.stderr.readline().split()[-1]
            laptop.environment["DROPSIGHT_WEBHOOK_URLS"] = url
            laptop.up()
            drop(laptop, 1)
            lines = [listener.stdout.readline() for _ in range(3)]
        finally:
            listener.terminate()

    assert {line.split()[0] for line in lines} >= set(LAST[:2])
    assert all("cxr/000.png" in line for line in lines)
