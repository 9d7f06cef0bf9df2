"""Pub/Sub's promises, by the queue of the laptop. Time is a number that the test sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropsight.adapters.embedded.queue import (
    SOURCE_DELIVERY_COUNT,
    SOURCE_SUBSCRIPTION,
    Backlog,
    SqliteQueue,
    Subscription,
)
from dropsight.domain.events import REASON_ATTRIBUTE
from tests.contract.at_once import at_once
from tests.contract.killed_child import child, kill_when, wait_until

pytestmark = pytest.mark.contract


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> SqliteQueue:
    queue = SqliteQueue(tmp_path / "queue.db", clock)
    queue.subscribe(Subscription("buried", "graves"))
    queue.subscribe(
        Subscription(
            "work",
            "topic",
            ack_deadline_s=60.0,
            min_backoff_s=2.0,
            max_backoff_s=30.0,
            max_attempts=3,
            dead_letter_topic="graves",
        )
    )
    return queue


def test_a_message_is_delivered_with_all_that_belongs_to_it(queue: SqliteQueue) -> None:
    message_id = queue.publish("topic", b"\x00data", {"a": "ü"})

    (got,) = queue.pull("work", 10)

    assert (got.message_id, got.data, got.attributes) == (message_id, b"\x00data", {"a": "ü"})
    assert (got.publish_time, got.attempt, got.topic) == (1000.0, 1, "topic")


def test_every_subscription_gets_its_own_copy(queue: SqliteQueue) -> None:
    queue.subscribe(Subscription("other", "topic"))
    queue.publish("topic", b"1")

    for subscription in ("work", "other"):
        (got,) = queue.pull(subscription, 10)
        queue.ack(got.ack_id)
    assert queue.pull("work", 10) == queue.pull("other", 10) == []


def test_a_message_without_subscribers_goes_to_nobody(queue: SqliteQueue) -> None:
    queue.publish("nobody-listens", b"1")
    queue.subscribe(Subscription("late", "nobody-listens"))

    assert queue.pull("late") == []


def test_an_acked_message_is_done_with(queue: SqliteQueue, clock: Clock) -> None:
    queue.publish("topic", b"1")
    (got,) = queue.pull("work")
    queue.ack(got.ack_id)
    queue.ack(got.ack_id)

    clock.now += 10_000
    assert queue.pull("work") == []
    assert queue.backlog()["work"] == Backlog(ready=0, waiting=0, outstanding=0, dead=0)


def test_without_an_answer_it_comes_again_after_the_deadline(
    queue: SqliteQueue, clock: Clock
) -> None:
    queue.publish("topic", b"1")
    queue.pull("work")

    clock.now += 59.9
    assert queue.pull("work") == []
    clock.now += 0.1
    (again,) = queue.pull("work")
    assert (again.data, again.attempt) == (b"1", 2)


def test_a_late_ack_still_counts_and_a_late_nack_does_not(queue: SqliteQueue, clock: Clock) -> None:
    queue.publish("topic", b"1")
    (first,) = queue.pull("work")
    clock.now += 60
    (second,) = queue.pull("work")

    queue.nack(first.ack_id, "too late")
    assert queue.backlog()["work"].outstanding == 1  # with the second deliverer, undisturbed

    queue.ack(first.ack_id)
    queue.nack(second.ack_id, "nothing left to refuse")
    clock.now += 10_000
    assert queue.pull("work") == []


def test_the_wait_after_a_nack_doubles_between_its_limits(tmp_path: Path, clock: Clock) -> None:
    queue = SqliteQueue(tmp_path / "queue.db", clock)
    queue.subscribe(Subscription("work", "topic", min_backoff_s=2.0, max_backoff_s=30.0))
    queue.publish("topic", b"1")
    waits = []
    for _ in range(7):
        (got,) = queue.pull("work")
        queue.nack(got.ack_id, "no")
        due = queue.next_due("work")
        assert due is not None
        waits.append(due - clock.now)
        clock.now = due - 0.001
        assert queue.pull("work") == []
        clock.now = due

    # 2, 4, 8, 16, 32, 64, 128, a quarter more or less, never outside of 2 to 30
    limits = [(2, 2.5), (3, 5), (6, 10), (12, 20), (22.5, 30), (22.5, 30), (22.5, 30)]
    for wait, (least, most) in zip(waits, limits, strict=True):
        assert least <= wait <= most


def test_failures_of_one_moment_do_not_come_back_as_one(queue: SqliteQueue, clock: Clock) -> None:
    for _ in range(50):
        queue.publish("topic", b"1")
    for got in queue.pull("work", 50):
        queue.nack(got.ack_id, "no")
    clock.now += 2.0

    assert 0 < len(queue.pull("work", 50)) < 50


def test_the_receiver_may_ask_for_a_longer_wait_but_not_a_shorter_one(
    queue: SqliteQueue, clock: Clock
) -> None:
    queue.publish("topic", b"1")
    (got,) = queue.pull("work")
    queue.nack(got.ack_id, "busy", retry_after_s=45.0)
    assert queue.next_due("work") == clock.now + 45.0

    clock.now += 45.0
    (got,) = queue.pull("work")
    queue.nack(got.ack_id, "busy", retry_after_s=0.1)
    due = queue.next_due("work")
    assert due is not None
    assert due - clock.now >= 3.0  # the second backoff: 4 s, less a quarter


def test_after_the_last_attempt_it_moves_to_the_dead_letters(
    queue: SqliteQueue, clock: Clock
) -> None:
    queue.publish("topic", b"poison", {"resultId": "r1"})
    for attempt in (1, 2, 3):
        (got,) = queue.pull("work")
        assert got.attempt == attempt
        queue.nack(got.ack_id, f"failure {attempt}")
        clock.now += 100

    assert queue.pull("work") == []
    (dead,) = queue.pull("buried")
    assert dead.data == b"poison"
    assert dead.attributes["resultId"] == "r1"
    assert dead.attributes[SOURCE_SUBSCRIPTION] == "work"
    assert dead.attributes[SOURCE_DELIVERY_COUNT] == "3"
    assert dead.attributes[REASON_ATTRIBUTE] == "failure 3"
    assert queue.backlog() == {
        "work": Backlog(ready=0, waiting=0, outstanding=0, dead=1),
        "buried": Backlog(ready=0, waiting=0, outstanding=1, dead=0),
    }


def test_silence_is_a_failed_attempt_too(queue: SqliteQueue, clock: Clock) -> None:
    queue.publish("topic", b"kills its reader")
    for _ in range(3):
        assert len(queue.pull("work")) == 1
        clock.now += 60

    assert queue.pull("work") == []
    (dead,) = queue.pull("buried")
    assert dead.attributes[REASON_ATTRIBUTE] == "no answer before the ack deadline"


def test_a_message_is_kept_while_nobody_takes_dead_letters(tmp_path: Path, clock: Clock) -> None:
    queue = SqliteQueue(tmp_path / "queue.db", clock)
    queue.subscribe(Subscription("work", "topic", max_attempts=1, dead_letter_topic="graves"))
    queue.publish("topic", b"1")
    for attempt in (1, 2, 3):
        (got,) = queue.pull("work")
        assert got.attempt == attempt
        queue.nack(got.ack_id, "no")
        clock.now += 100

    queue.subscribe(Subscription("buried", "graves"))
    assert queue.pull("work") == []
    assert len(queue.pull("buried")) == 1


def test_the_backlog_counts_each_state_once(queue: SqliteQueue) -> None:
    for _ in range(6):
        queue.publish("topic", b"1")
    taken = queue.pull("work", 3)
    queue.nack(taken[0].ack_id, "no")
    queue.ack(taken[1].ack_id)

    assert queue.backlog()["work"] == Backlog(ready=3, waiting=1, outstanding=1, dead=0)


def test_subscribing_again_changes_settings_and_keeps_messages(
    queue: SqliteQueue, clock: Clock
) -> None:
    queue.publish("topic", b"1")
    queue.subscribe(Subscription("work", "topic", ack_deadline_s=5.0))
    assert len(queue.pull("work")) == 1

    clock.now += 5
    assert len(queue.pull("work")) == 1


def test_pulling_from_an_unknown_subscription_says_so(queue: SqliteQueue) -> None:
    with pytest.raises(KeyError, match="subscription nothing does not exist"):
        queue.pull("nothing")


def test_twenty_pullers_share_the_messages(queue: SqliteQueue) -> None:
    ids = at_once(20, lambda n: queue.publish("topic", b"%d" % n))

    pulled = at_once(20, lambda _: [one.message_id for one in queue.pull("work", 3)])

    flat = [one for some in pulled for one in some]
    assert sorted(flat) == sorted(ids)


def test_an_object_version_is_announced_once(queue: SqliteQueue) -> None:
    def announce(generation: int) -> bool:
        return queue.announce("landing", "a/x", generation, "topic", b"%d" % generation)

    assert at_once(8, lambda _: announce(1)).count(True) == 1
    assert announce(2) is True
    assert announce(2) is False

    assert queue.announced("landing") == {"a/x": 2}
    assert queue.announced("other") == {}
    assert [one.data for one in queue.pull("work", 10)] == [b"1", b"2"]


def test_what_a_dead_subscriber_had_is_recalled_at_once(queue: SqliteQueue) -> None:
    queue.publish("topic", b"1")
    (first,) = queue.pull("work")

    assert queue.recall("work") == 1
    (second,) = queue.pull("work")

    assert (second.message_id, second.attempt) == (first.message_id, 2)
    queue.nack(first.ack_id, "from beyond")
    assert queue.backlog()["work"].outstanding == 1


PULLER = """
import sys, time
from pathlib import Path
from dropsight.adapters.embedded.queue import SqliteQueue
queue = SqliteQueue(Path(sys.argv[1]))
(got,) = queue.pull("work")
Path(sys.argv[2]).write_bytes(got.data)
time.sleep(600)
"""


def test_a_message_of_a_killed_reader_comes_again(tmp_path: Path) -> None:
    queue = SqliteQueue(tmp_path / "queue.db")
    queue.subscribe(Subscription("work", "topic", ack_deadline_s=0.5))
    queue.publish("topic", b"work")

    with child(PULLER, tmp_path / "queue.db", tmp_path / "pulled") as process:
        kill_when(process, (tmp_path / "pulled").exists)

    wait_until(lambda: queue.backlog()["work"].ready == 1)
    (again,) = queue.pull("work")
    assert (again.data, again.attempt) == (b"work", 2)


DRAINER = """
import sys
from pathlib import Path
from dropsight.adapters.embedded.queue import SqliteQueue
queue = SqliteQueue(Path(sys.argv[1]))
while got := queue.pull("work", 3):
    for one in got:
        queue.ack(one.ack_id)
        print(one.data.decode(), flush=True)
"""


def test_several_processes_share_the_messages(tmp_path: Path) -> None:
    queue = SqliteQueue(tmp_path / "queue.db")
    queue.subscribe(Subscription("work", "topic"))
    for number in range(300):
        queue.publish("topic", b"%d" % number)
    arguments = (DRAINER, tmp_path / "queue.db")

    with child(*arguments) as one, child(*arguments) as two, child(*arguments) as three:
        outputs = [process.communicate()[0] for process in (one, two, three)]

    got = [int(line) for output in outputs for line in output.split()]
    assert sorted(got) == list(range(300))


ANNOUNCER = """
import sys
from pathlib import Path
from dropsight.adapters.embedded.queue import SqliteQueue
queue = SqliteQueue(Path(sys.argv[1]))
for number in range(1_000_000):
    queue.announce("landing", f"{number}", 1, "topic", b"%d" % number)
"""


@pytest.mark.parametrize("after", [10, 20, 30, 40, 50])
def test_a_killed_watcher_neither_loses_nor_repeats_an_announcement(
    tmp_path: Path, after: int
) -> None:
    queue = SqliteQueue(tmp_path / "queue.db")
    queue.subscribe(Subscription("work", "topic"))

    with child(ANNOUNCER, tmp_path / "queue.db") as process:
        kill_when(process, lambda: len(queue.announced("landing")) > after)

    announced = queue.announced("landing")
    messages = queue.pull("work", len(announced) + 10)
    assert sorted(one.data.decode() for one in messages) == sorted(announced)


def test_a_subscription_that_is_given_up_leaves_nothing_and_takes_nothing_from_others(
    queue: SqliteQueue,
):
    queue.subscribe(Subscription("other", "topic"))
    queue.publish("topic", b"1")
    queue.publish("topic", b"2")
    assert queue.subscriptions("topic") == ["other", "work"]

    assert queue.unsubscribe("other") == 2
    assert queue.unsubscribe("other") == 0

    assert queue.subscriptions("topic") == ["work"]
    queue.publish("topic", b"3")
    assert [one.data for one in queue.pull("work", 10)] == [b"1", b"2", b"3"]
    with pytest.raises(KeyError):
        queue.pull("other")
