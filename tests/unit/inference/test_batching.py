"""Frames that are in flight together share forward passes; nobody waits for nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from dropsight.domain.errors import InferenceFailed
from dropsight.domain.frames import Pixels
from dropsight_inference.batching import Batcher
from dropsight_inference.device import Device, Priority
from dropsight_inference.runtimes import Outputs

pytestmark = pytest.mark.unit

FOREVER_S = 60.0
"""Longer than any test: a batch that starts did not wait for the clock."""


class CountingNetwork:
    """Its logit is the first pixel; refuses every batch that holds a 255."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def __call__(self, frames: Sequence[Pixels]) -> Outputs:
        values = [int(frame.ravel()[0]) for frame in frames]
        self.batches.append(values)
        if 255 in values:
            raise InferenceFailed("255 is too bright")
        return Outputs({"logits": np.array(values, np.float32)[:, None]})


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    yield device
    device.close()


@pytest.fixture
def network() -> CountingNetwork:
    return CountingNetwork()


def _frame(value: int) -> Pixels:
    return np.full((2, 2, 1), value, np.uint8)


def test_a_lone_client_does_not_wait(device: Device, network: CountingNetwork) -> None:
    batcher = Batcher(device, network, size=8, wait_s=FOREVER_S)

    expected = batcher.expect()
    (future,) = batcher.submit([_frame(7)], expected)

    assert future.result(timeout=10).row["logits"].tolist() == [7.0]


def test_a_batch_waits_for_requests_in_flight_and_starts_when_the_last_has_come(
    device: Device, network: CountingNetwork
) -> None:
    batcher = Batcher(device, network, size=8, wait_s=FOREVER_S)
    tickets = [batcher.expect() for _ in range(3)]

    first = batcher.submit([_frame(1)], tickets[0])
    second = batcher.submit([_frame(2)], tickets[1])
    assert network.batches == []
    tickets[2].settle()  # refused on its way: it will never submit

    assert [f.result(timeout=10).batch for f in first + second] == [2, 2]
    assert network.batches == [[1, 2]]


def test_a_full_batch_starts_though_more_are_in_flight(
    device: Device, network: CountingNetwork
) -> None:
    batcher = Batcher(device, network, size=2, wait_s=FOREVER_S)
    tickets = [batcher.expect() for _ in range(3)]

    futures = batcher.submit([_frame(1)], tickets[0]) + batcher.submit([_frame(2)], tickets[1])

    assert [f.result(timeout=10).batch for f in futures] == [2, 2]
    tickets[2].settle()


def test_a_request_that_never_comes_holds_a_batch_up_only_for_the_wait(
    device: Device, network: CountingNetwork
) -> None:
    batcher = Batcher(device, network, size=8, wait_s=0.01)
    batcher.expect()

    (future,) = batcher.submit([_frame(1)])

    assert future.result(timeout=10).batch == 1


def test_sixteen_clients_at_once_take_two_forward_passes_of_eight(
    device: Device, network: CountingNetwork
) -> None:
    batcher = Batcher(device, network, size=8, wait_s=FOREVER_S)
    tickets = [batcher.expect() for _ in range(16)]
    answers: dict[int, float] = {}

    def client(value: int) -> None:
        (future,) = batcher.submit([_frame(value)], tickets[value])
        answers[value] = float(future.result(timeout=10).row["logits"][0])

    clients = [threading.Thread(target=client, args=(value,)) for value in range(16)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()

    assert [len(batch) for batch in network.batches] == [8, 8]
    assert answers == {value: float(value) for value in range(16)}


def test_frames_of_one_upload_fill_batches_in_order(
    device: Device, network: CountingNetwork
) -> None:
    batcher = Batcher(device, network, size=4, wait_s=FOREVER_S)
    expected = batcher.expect()

    futures = batcher.submit([_frame(value) for value in range(10)], expected)

    assert [float(f.result(timeout=10).row["logits"][0]) for f in futures] == list(range(10))
    assert network.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_frame_that_the_network_refuses_fails_alone(
    device: Device, network: CountingNetwork
) -> None:
    batcher = Batcher(device, network, size=3, wait_s=FOREVER_S)

    futures = batcher.submit([_frame(1), _frame(255), _frame(3)])

    assert futures[0].result(timeout=10).row["logits"].tolist() == [1.0]
    assert isinstance(futures[1].exception(timeout=10), InferenceFailed)
    assert futures[2].result(timeout=10).row["logits"].tolist() == [3.0]


def test_what_is_queued_when_the_device_closes_is_still_answered(network: CountingNetwork) -> None:
    device = Device()
    busy = threading.Event()
    device.submit(Priority.PREDICTION, busy.wait)
    batcher = Batcher(device, network, size=2, wait_s=0.0)
    futures = batcher.submit([_frame(value) for value in range(5)])
    closing = threading.Thread(target=device.close)
    closing.start()
    busy.set()
    closing.join()

    assert [float(f.result(timeout=0).row["logits"][0]) for f in futures] == [0, 1, 2, 3, 4]
