"""One `dropsight up` for each root."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropsight.cli.root import RootInUse, RootLock, running
from dropsight.settings import Settings

pytestmark = pytest.mark.unit


def test_a_second_holder_is_told_who_the_first_one_is(tmp_path: Path):
    settings = Settings(root=tmp_path)
    with RootLock(settings) as lock:
        lock.publish(settings, "http://127.0.0.1:1234/")
        with pytest.raises(RootInUse, match=r"http://127\.0\.0\.1:1234/"), RootLock(settings):
            pass


def test_others_see_who_serves_only_while_the_lock_is_held(tmp_path: Path):
    settings = Settings(root=tmp_path, routes={"cxr": "m"})
    assert running(settings) is None
    with RootLock(settings) as lock:
        lock.publish(settings, "http://127.0.0.1:1234/")
        other = running(settings)
        assert other is not None
        assert (other.url, other.routes) == ("http://127.0.0.1:1234/", {"cxr": "m"})

    assert running(settings) is None


def test_the_lock_can_be_taken_again(tmp_path: Path):
    settings = Settings(root=tmp_path)
    with RootLock(settings):
        pass
    with RootLock(settings) as lock:
        lock.publish(settings, "http://127.0.0.1:1/")
        assert running(settings) is not None
