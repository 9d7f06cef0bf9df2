"""One thread, the most urgent job first, nothing lost at the end."""

from __future__ import annotations

import threading

import pytest

from dropsight.domain.errors import Draining
from dropsight_inference.device import Device, Priority

pytestmark = pytest.mark.unit


def test_predictions_go_before_explanations_that_came_earlier() -> None:
    device = Device()
    busy, order = threading.Event(), list[str]()
    device.submit(Priority.EXPLANATION, busy.wait)
    waiting = [
        device.submit(Priority.EXPLANATION, lambda: order.append("chunk 1")),
        device.submit(Priority.EXPLANATION, lambda: order.append("chunk 2")),
        device.submit(Priority.PREDICTION, lambda: order.append("prediction 1")),
        device.submit(Priority.PREDICTION, lambda: order.append("prediction 2")),
    ]
    busy.set()
    for future in waiting:
        future.result()
    device.close()

    assert order == ["prediction 1", "prediction 2", "chunk 1", "chunk 2"]


def test_every_job_runs_on_the_same_thread() -> None:
    device = Device()
    found = {device.submit(Priority.PREDICTION, threading.get_ident).result() for _ in range(5)}
    device.close()

    assert len(found) == 1
    assert threading.get_ident() not in found


def test_what_a_job_raises_reaches_whoever_waits_and_the_thread_goes_on() -> None:
    device = Device()

    failing = device.submit(Priority.PREDICTION, lambda: 1 // 0)

    assert isinstance(failing.exception(), ZeroDivisionError)
    assert device.submit(Priority.PREDICTION, lambda: "next").result() == "next"
    device.close()


def test_closing_finishes_what_was_submitted_and_refuses_the_rest() -> None:
    device = Device()
    busy = threading.Event()
    device.submit(Priority.PREDICTION, busy.wait)
    accepted = device.submit(Priority.EXPLANATION, lambda: "done")
    closing = threading.Thread(target=device.close)
    closing.start()
    busy.set()
    closing.join()

    assert accepted.result() == "done"
    with pytest.raises(Draining, match="shutting down"):
        device.submit(Priority.PREDICTION, lambda: None)
