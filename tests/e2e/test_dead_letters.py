"""A message whose every delivery failed becomes a visible failure, and a replay finishes it."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time

import pytest

from dropsight.cli.dispatcher.subscriptions import PREDICT
from dropsight.cli.samples.catalogue import samples
from dropsight.cli.store import open_store
from dropsight.domain.progress import claim
from dropsight.settings import Settings
from tests.e2e.laptop import Laptop

pytestmark = pytest.mark.e2e


def test_a_dead_letter_is_listed_its_result_failed_and_a_replay_explains_it(laptop: Laptop):
    laptop.up()
    store = open_store(Settings(root=laptop.root))
    store.queue.subscribe(dataclasses.replace(PREDICT, max_attempts=1))
    container = laptop.parts()["inference"]
    os.kill(container, signal.SIGSTOP)
    (laptop.bucket / "cxr" / "film.png").write_bytes(samples()[1].data)
    laptop.wait_for(
        lambda: any("prepared" in result.timestamps for result in laptop.results), "the frame"
    )
    identity = laptop.results[0].result_id
    # Somebody else seems to be at it, for longer than the one attempt that is allowed.
    store.results.update(identity, lambda r: claim(r, "predict", "else", time.time(), 3600.0))
    os.kill(container, signal.SIGCONT)

    laptop.wait_for(lambda: laptop.ended(1), "the failure")

    (failed,) = laptop.results
    assert failed.error is not None
    assert failed.error.code == "delivery-exhausted"
    (letter,) = json.loads(laptop.run("dlq", "list", "--json").stdout)
    assert letter["resultId"] == identity
    assert "lease-held" in letter["reason"] or "503" in letter["reason"]

    store.queue.subscribe(PREDICT)
    replay = laptop.run("dlq", "replay", letter["messageId"])

    assert replay.returncode == 0
    laptop.wait_for(lambda: laptop.results[0].status == "explained", "the explanation")
    assert json.loads(laptop.run("dlq", "list", "--json").stdout) == []
