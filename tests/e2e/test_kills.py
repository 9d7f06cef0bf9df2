"""kill -9 of any part in the middle of work: every file ends, with one result each."""

from __future__ import annotations

import os
import signal
from collections import Counter

import cv2
import numpy as np
import pytest

from tests.e2e.laptop import Laptop, alive, family

pytestmark = pytest.mark.e2e


def drop_small_files(laptop: Laptop, count: int) -> None:
    random = np.random.default_rng(5)
    for number in range(count):
        picture = random.integers(0, 256, (48, 48), np.uint8)
        cv2.imwrite(str(laptop.bucket / "cxr" / f"{number:03}.png"), picture)


def assert_one_result_each(laptop: Laptop, count: int) -> None:
    by_object = Counter(result.source.object for result in laptop.results)
    assert len(by_object) == count
    assert set(by_object.values()) == {1}
    assert {result.status for result in laptop.results} == {"explained"}


@pytest.mark.timeout(400)
def test_a_hundred_files_survive_kills_of_the_container_and_of_the_function(laptop: Laptop):
    laptop.up()
    drop_small_files(laptop, 100)
    laptop.wait_for(lambda: laptop.ended(5), "the first results")
    os.kill(laptop.parts()["inference"], signal.SIGKILL)
    laptop.wait_for(lambda: len(laptop.results) > 20, "a fifth of the files")
    os.kill(laptop.parts()["ingest"], signal.SIGKILL)

    laptop.wait_for(lambda: laptop.ended(100), "a hundred results")

    assert_one_result_each(laptop, 100)
    assert "signal SIGKILL" in laptop.output.read_text()


@pytest.mark.timeout(400)
def test_a_killed_dispatcher_is_replaced_and_takes_up_what_was_in_flight(laptop: Laptop):
    laptop.up()
    drop_small_files(laptop, 30)
    laptop.wait_for(lambda: len(laptop.results) > 3, "the first results")
    os.kill(laptop.parts()["dispatcher"], signal.SIGKILL)

    laptop.wait_for(lambda: laptop.ended(30), "thirty results")

    assert_one_result_each(laptop, 30)


@pytest.mark.timeout(400)
def test_a_killed_supervisor_leaves_no_orphans_and_a_new_one_goes_on(laptop: Laptop):
    laptop.up()
    drop_small_files(laptop, 30)
    laptop.wait_for(lambda: laptop.ended(3), "the first results")
    assert laptop.process is not None
    processes = family(laptop.process.pid)
    assert len(laptop.parts()) == 5

    laptop.process.kill()
    laptop.process.wait()
    laptop.wait_for(lambda: not any(alive(pid) for pid in processes), "the end of all parts")
    laptop.up()

    laptop.wait_for(lambda: laptop.ended(30), "thirty results")
    assert_one_result_each(laptop, 30)


def test_ctrl_c_ends_every_part_and_the_command_with_exit_code_0(laptop: Laptop):
    laptop.up()
    assert laptop.process is not None
    processes = family(laptop.process.pid)

    assert laptop.end() == 0

    assert not any(alive(pid) for pid in processes)


def test_a_second_up_on_the_same_root_says_who_serves_it(shared_laptop: Laptop):
    second = shared_laptop.run("up", "--no-open", "--port", "0")

    assert second.returncode == 1
    assert "is served already by process" in second.stderr
    assert shared_laptop.url in second.stderr
