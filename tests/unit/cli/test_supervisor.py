"""Parts that die are started again; parts that end are ended whole."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropsight.cli.supervisor import Part, Supervisor

pytestmark = pytest.mark.unit

SLEEPER = Part(name="sleeper", module="sleeper", drain_s=0.2)


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that parts of these tests run."""
    (tmp_path / "sleeper.py").write_text("import time\ntime.sleep(600)\n")
    (tmp_path / "deaf.py").write_text(
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf now', flush=True)\ntime.sleep(600)\n"
    )
    (tmp_path / "broken.py").write_text("raise SystemExit('the model is missing')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


class Watched:
    def __init__(self, folder: Path, *parts: Part) -> None:
        self.said: list[str] = []
        self.logs = folder / "logs"
        self.supervisor = Supervisor(parts, self.logs, self.said.append)
        self.supervisor.start()

    def until(self, condition: object) -> None:
        deadline = time.monotonic() + 60
        while not condition():  # type: ignore[operator]
            assert time.monotonic() < deadline, self.said
            self.supervisor.check()
            time.sleep(0.02)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[object]:
    made: list[Watched] = []

    def start(*parts: Part) -> Watched:
        made.append(Watched(tmp_path, *parts))
        return made[-1]

    yield start
    for one in made:
        one.supervisor.end()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_killed_part_is_started_again_as_another_process(watch):
    watched = watch(SLEEPER)
    child = watched.supervisor.children[0]
    first = child.pid
    os.kill(first, signal.SIGKILL)

    watched.until(lambda: child.pid not in (None, first))

    assert "sleeper ended (signal SIGKILL) and starts again in 0.2 s" in watched.said[0]


def test_a_part_that_cannot_start_says_why_and_is_tried_less_and_less_often(watch):
    watched = watch(Part(name="broken", module="broken", ready_url="http://127.0.0.1:9/"))

    watched.until(lambda: len(watched.said) >= 3)

    assert "it ends with: the model is missing" in watched.said[0]
    waits = [sentence.split("again in ")[1][:3] for sentence in watched.said[:3]]
    assert waits == ["0.2", "0.4", "0.8"]


def test_a_part_that_never_comes_up_is_called_broken(watch):
    watched = watch(SLEEPER, Part(name="broken", module="broken", ready_url="http://127.0.0.1:9/"))
    assert watched.supervisor.broken is None
    watched.until(lambda: watched.supervisor.broken == "broken")
    assert watched.supervisor.children[1].false_starts == 4


def test_at_the_end_nothing_is_left_not_even_a_part_that_does_not_listen(watch):
    watched = watch(Part(name="deaf", module="deaf", drain_s=0.2), SLEEPER)
    watched.until(lambda: "deaf now" in (watched.logs / "deaf.log").read_text())
    pids = [child.pid for child in watched.supervisor.children]

    watched.supervisor.end()

    assert all(gone(pid) for pid in pids)
    assert [sentence.split(" and ")[0] for sentence in watched.said] == [
        "deaf was still busy after 0 s"
    ]
